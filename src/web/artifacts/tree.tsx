/** The left of the artifacts' page: what there is, by type and name, and under an artifact its versions, newest first. */
import type { HTMLAttributes, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ArtifactView, VersionView } from "../../client/index.ts";
import { When } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import type { Sparse } from "../parts/sparse.ts";
import { count, counted, size } from "../parts/text.ts";
import { VirtualRows } from "../parts/virtual-rows.tsx";
import { go } from "../shell/navigation.ts";
import { hrefOf, type VersionPlace } from "../shell/routes.ts";
import type { VersionFilter } from "./calls.ts";
import { kindOf } from "./kind.ts";
import { type TreeRow, type TreeRows, treeRows } from "./tree-rows.ts";
import { useIndexOf, useVersions } from "./tree-versions.ts";

const ROW_PX = 32;
/** Tags of a version that there is room for; how many more there are is told. */
const TAGS_SHOWN = 2;

/** What the tree is told. */
export interface TreeProps {
  readonly place: VersionPlace;
  /** What it shows; while that is not here versions are asked for all the same. */
  readonly artifacts: readonly ArtifactView[] | undefined;
  /** The version at the right, as it is called there. */
  readonly shown: string | undefined;
}

/** The tree, with what finds things in it. */
export function Tree({ place, artifacts, shown }: TreeProps): JSX.Element {
  const { type, name } = place;
  const [filter, setFilter] = useState<VersionFilter>({ text: "", removed: false });
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [isFolded, setFolded] = useState(false);
  useEffect(() => {
    setFolded(false);
    setFilter({ text: "", removed: false });
  }, [type, name]);
  const isOpen = type !== undefined && name !== undefined && !isFolded;
  const versions = useVersions(place, filter);
  const at = useIndexOf(place, shown, filter, versions);
  const rows = treeRows(artifacts ?? [], {
    closed,
    ...(isOpen && { open: { type, name, versions: versions.count ?? 0 } }),
  });
  const own = type === undefined || name === undefined ? -1 : rows.indexOfArtifact({ type, name });
  const fold: Fold = (row, wanted) => {
    if (row.kind === "type")
      setClosed(new Set(wanted ? [...closed].filter((each) => each !== row.type) : [...closed, row.type]));
    else if (row.kind === "artifact" && row.artifact.type === type && row.artifact.name === name) setFolded(!wanted);
    else if (row.kind === "artifact" && wanted) go(hrefOfArtifact(place, row.artifact));
  };
  const look = { place, versions, fold };
  return (
    <>
      {isOpen && (artifacts === undefined || own >= 0) && (
        <VersionFinder {...{ filter, setFilter, name }} found={versions.count} />
      )}
      {artifacts === undefined ? (
        <p class="waiting side-note">Reading artifacts …</p>
      ) : (
        <VirtualRows
          role="tree"
          label="Artifacts and their versions"
          class="tree"
          count={rows.count}
          rowHeight={ROW_PX}
          chosen={at === undefined ? own : rows.indexOf(at)}
          row={(index) => <Row {...look} row={rows.at(index)} />}
          rowProps={(index) => propsOf(rows.at(index), versions)}
          onOpen={(index) => openRow(look, rows.at(index))}
          onKey={(key, index) => foldByKey(look, rows.at(index), key)}
          onShown={(first, last) => wantVersions(look, rows, first, last)}
        />
      )}
    </>
  );
}

/** Opens or closes a row. */
type Fold = (row: TreeRow<ArtifactView>, wanted: boolean) => void;

interface Look {
  readonly place: VersionPlace;
  readonly versions: Sparse<VersionView>;
  readonly fold: Fold;
}

function openRow({ place, versions, fold }: Look, row: TreeRow<ArtifactView> | undefined): void {
  if (row?.kind === "version") {
    const version = versions.at(row.index);
    if (version !== undefined) go(hrefOfVersion(place, version));
  } else if (row !== undefined) fold(row, !row.isOpen);
}

function foldByKey({ fold }: Look, row: TreeRow<ArtifactView> | undefined, key: string): boolean {
  if (row === undefined || (key !== "ArrowRight" && key !== "ArrowLeft")) return false;
  fold(row, key === "ArrowRight");
  return true;
}

/** Asks for the versions between two rows. */
function wantVersions({ versions }: Look, rows: TreeRows<ArtifactView>, first: number, last: number): void {
  const start = rows.indexOf(0);
  if (start < 0) return;
  const from = Math.max(0, first - start);
  const to = last - start;
  if (to >= 0 && from < (versions.count ?? 0)) versions.want(from, to);
}

interface FinderProps {
  readonly name: string;
  readonly filter: VersionFilter;
  readonly setFilter: (filter: VersionFilter) => void;
  readonly found: number | undefined;
}

function VersionFinder({ name, filter, setFilter, found }: FinderProps): JSX.Element {
  return (
    <div class="finder">
      <input
        class="field"
        type="search"
        aria-label={`Find a version of ${name}: number, tag, message`}
        placeholder="Version, tag, message"
        value={filter.text}
        onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value })}
      />
      <p class="finder-line small soft">
        <span aria-live="polite">{found === undefined ? "" : counted(found, "version")}</span>
        <label>
          <input
            type="checkbox"
            checked={filter.removed}
            onInput={(event) => setFilter({ ...filter, removed: event.currentTarget.checked })}
          />{" "}
          removed too
        </label>
      </p>
    </div>
  );
}

interface RowProps extends Look {
  readonly row: TreeRow<ArtifactView> | undefined;
}

function Row({ row, place, versions, fold }: RowProps): JSX.Element {
  if (row === undefined) return <span />;
  if (row.kind === "version") {
    const version = versions.at(row.index);
    return version === undefined ? <span class="tree-version soft">…</span> : <VersionRow {...{ place, version }} />;
  }
  const arrow = (
    <button type="button" class="tree-arrow" tabIndex={-1} aria-hidden="true" onClick={() => fold(row, !row.isOpen)}>
      <Icon name={row.isOpen ? "down" : "right"} />
    </button>
  );
  if (row.kind === "type") {
    return (
      <span class="tree-type">
        {arrow}
        <span class="name clip">{row.type}</span>
        <span class="soft">{count(row.artifacts)}</span>
      </span>
    );
  }
  const { artifact } = row;
  return (
    <span class="tree-artifact">
      {arrow}
      <a class="tree-link" tabIndex={-1} href={hrefOfArtifact(place, artifact)}>
        <span class={`kind ${kindOf(artifact.type)}`}>
          <Icon name="artifact" />
        </span>
        <span class="name clip" title={artifact.name}>
          {artifact.name}
        </span>
        <span class="soft">{artifact.latest ?? "none"}</span>
      </a>
    </span>
  );
}

function VersionRow({ place, version }: { place: VersionPlace; version: VersionView }): JSX.Element {
  return (
    <a
      class={version.removed ? "tree-version removed" : "tree-version"}
      tabIndex={-1}
      href={hrefOfVersion(place, version)}
    >
      <b>{version.version}</b>
      <span class="tree-tags" title={version.tags.join(", ")}>
        {version.removed && <span class="soft">removed</span>}
        {version.isLatest && <span class="tag latest">latest</span>}
        {version.tags.slice(0, TAGS_SHOWN).map((tag) => (
          <span key={tag} class="tag">
            <span class="name clip">{tag}</span>
          </span>
        ))}
        {version.tags.length > TAGS_SHOWN && (
          <>
            <span class="soft" aria-hidden="true">
              +{version.tags.length - TAGS_SHOWN}
            </span>
            <span class="unseen">{version.tags.slice(TAGS_SHOWN).join(" ")}</span>
          </>
        )}
      </span>
      <span class="soft tree-when" title={`${counted(version.files, "file")}, ${size(version.bytes)}`}>
        <When at={version.createdAt} />
      </span>
    </a>
  );
}

/** What a row is for those who do not see it. What it is called is what stands in it. */
function propsOf(
  row: TreeRow<ArtifactView> | undefined,
  versions: Sparse<VersionView>,
): HTMLAttributes<HTMLDivElement> {
  if (row === undefined) return {};
  if (row.kind === "version")
    return { "aria-level": 3, "aria-setsize": versions.count, "aria-posinset": row.index + 1 };
  return { "aria-level": row.kind === "type" ? 1 : 2, "aria-expanded": row.isOpen };
}

function hrefOfArtifact({ team, experiment, tab }: VersionPlace, { type, name }: ArtifactView): string {
  return hrefOf({ page: "artifacts", team, experiment, type, name, ...(tab && { version: "latest", tab }) });
}

function hrefOfVersion({ team, experiment, tab }: VersionPlace, { type, name, version }: VersionView): string {
  return hrefOf({ page: "artifacts", team, experiment, type, name, version, ...(tab && { tab }) });
}

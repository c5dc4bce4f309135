/** The chosen version: its head, what can be done with it, and its tabs. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ArtifactDetails, UploadView } from "../../client/index.ts";
import { Awaited, Button, Empty, Tabs, Trouble, When } from "../parts/bits.tsx";
import { Icon } from "../parts/icon.tsx";
import { useLoad } from "../parts/load.ts";
import { counted, size } from "../parts/text.ts";
import { revisionOf } from "../shell/live.ts";
import { go } from "../shell/navigation.ts";
import { type ExperimentPlace, hrefOf, type VersionTab, versionTabs } from "../shell/routes.ts";
import { client, loginRevision, mayRemove, mayWrite } from "../shell/session.ts";
import { Diff } from "./diff.tsx";
import { EditDialog, RemoveDialog, restoreVersion } from "./edit-dialogs.tsx";
import { FetchDialog } from "./fetch-dialog.tsx";
import { Files } from "./files.tsx";
import { kindOf } from "./kind.ts";
import { MetadataTab } from "./metadata.tsx";
import { Overview } from "./overview.tsx";
import { type ChosenPlace, here, type VersionProps } from "./place.ts";
import { Relation } from "./relation.tsx";
import { Tags } from "./tags.tsx";
import { UploadDialog } from "./upload.tsx";

const TABS: { readonly [Tab in VersionTab]: string } = {
  overview: "Overview",
  files: "Files",
  diff: "Diff",
  relation: "Relation",
  metadata: "Metadata",
};

/** What the right side is told. */
export interface VersionPageProps {
  readonly place: ChosenPlace;
  /** Says which version it is: "V2". */
  readonly onShown: (version: string) => void;
}

/** The right side of the artifacts' page. */
export function VersionPage({ place, onShown }: VersionPageProps): JSX.Element {
  const { team, experiment, type, name } = place;
  const params = { team, experiment, type, name };
  const revision = revisionOf(params);
  const key = JSON.stringify([params, loginRevision.value]);
  const asked = place.version ?? "latest";
  const version = useLoad(
    `version/${asked}/${key}`,
    (signal) => client.call("version", { params: { ...params, version: asked }, signal }),
    revision,
  );
  // Where a version is not there, it is told whether its artifact is.
  const artifact = useLoad(
    version.error === undefined ? "" : `artifact/${key}`,
    (signal) => client.call("artifact", { params, signal }),
    revision,
  );
  const isGone = artifact.value?.latest === null && place.version === undefined;
  const shown = version.value?.version;
  useEffect(() => {
    if (shown !== undefined) onShown(shown);
  }, [shown]);
  if (version.error !== undefined && artifact.isLoading) return <p class="waiting">Reading artifact …</p>;
  const trouble = artifact.error ?? version.error;
  if (trouble !== undefined)
    return (
      <>
        <Back team={team} experiment={experiment} />
        {isGone && artifact.value !== undefined ? (
          <NoVersion artifact={artifact.value} />
        ) : (
          <Trouble error={trouble} what={artifact.error === undefined ? "version" : "artifact"} isTitle />
        )}
      </>
    );
  return (
    <Awaited of={version} what="version" isTitle>
      {(found) => <Shown place={place} version={found} />}
    </Awaited>
  );
}

function NoVersion({ artifact }: { readonly artifact: ArtifactDetails }): JSX.Element {
  return (
    <div class="pane-start">
      <Empty title={`No version of ${artifact.name} is left`}>
        <p>
          {counted(artifact.removed, "version")} can be restored: tick “removed too” at the left, choose one, and press
          Restore.
        </p>
      </Empty>
    </div>
  );
}

function Shown({ place, version }: VersionProps): JSX.Element {
  const { tab = "overview" } = place;
  return (
    <>
      <Head place={place} version={version} />
      <Tabs
        label="Of the version"
        tabs={versionTabs.map((each) => ({
          label: TABS[each],
          href: hrefOf(here(place, { tab: each })),
          isCurrent: each === tab,
        }))}
      />
      <div class={`pane-body ${tab}`}>
        {tab === "overview" && <Overview place={place} version={version} />}
        {tab === "files" && <Files place={place} version={version} />}
        {tab === "diff" && <Diff place={place} version={version} />}
        {tab === "relation" && <Relation place={place} version={version} />}
        {tab === "metadata" && <MetadataTab place={place} version={version} />}
      </div>
    </>
  );
}

/** The way back to the tree, where there is no room for it beside. */
function Back({ team, experiment }: ExperimentPlace): JSX.Element {
  return (
    <a class="back" href={hrefOf({ page: "artifacts", team, experiment })}>
      <Icon name="left" /> All artifacts
    </a>
  );
}

function Head({ place, version }: VersionProps): JSX.Element {
  const { team, experiment, type, name } = place;
  return (
    <header class="version-head">
      <Back team={team} experiment={experiment} />
      <div class="version-title">
        <h1>
          <span class={`kind ${kindOf(type)}`} title={`Type ${type}`}>
            <Icon name="artifact" />
          </span>
          <span class="name">{name}</span>
          <span class="version-number">{version.version}</span>
        </h1>
        <Tags version={version} />
      </div>
      {version.message !== "" && <p class="message name">{version.message}</p>}
      {version.removed && (
        <p class="banner" role="status">
          This version was removed. Until the store is cleaned up it can be restored.
        </p>
      )}
      <div class="version-line">
        <p class="facts">
          <span>{counted(version.files, "file")}</span>
          <span>{size(version.bytes)}</span>
          <span>
            <When at={version.createdAt} /> by <span class="name">{version.createdBy}</span>
          </span>
        </p>
        <Actions place={place} version={version} />
      </div>
    </header>
  );
}

type Asked = "upload" | "fetch" | "edit" | "remove";

function Actions({ place, version }: VersionProps): JSX.Element {
  const [asked, setAsked] = useState<Asked>();
  const close = (): void => setAsked(undefined);
  return (
    <div class="actions">
      <Button icon="copy" onClick={() => setAsked("fetch")}>
        Use it
      </Button>
      {mayWrite.value && !version.removed && (
        <>
          <Button icon="upload" onClick={() => setAsked("upload")}>
            Upload
          </Button>
          <Button icon="edit" onClick={() => setAsked("edit")}>
            Edit
          </Button>
        </>
      )}
      {mayRemove.value && !version.removed && (
        <Button icon="trash" kind="danger" onClick={() => setAsked("remove")}>
          Remove
        </Button>
      )}
      {mayRemove.value && version.removed && (
        <Button icon="restore" kind="main" onClick={() => void restoreVersion(version)}>
          Restore
        </Button>
      )}
      {asked === "upload" && (
        <UploadDialog place={place} onClose={close} onDone={(made, folder) => showMade(place, made, folder)} />
      )}
      {asked === "fetch" && <FetchDialog place={place} version={version} onClose={close} />}
      {asked === "edit" && <EditDialog version={version} onClose={close} />}
      {asked === "remove" && <RemoveDialog version={version} onClose={close} />}
    </div>
  );
}

function showMade(place: ChosenPlace, made: UploadView, folder: string): void {
  const { type, name, version } = made;
  go(here({ ...place, type, name }, { version, tab: "files", folder }));
}

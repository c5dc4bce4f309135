/** Addresses of versions and of paths in them, as people write them. */
import {
  type ArtifactRow,
  type Catalog,
  checkName,
  type NameKind,
  parseNumber,
  type VersionRow,
} from "../catalog/index.ts";
import { ArtifoldError } from "../errors.ts";

/** A parsed address: `[team/experiment/]name[:tag|@digest][/path]`. */
export interface Ref {
  readonly team?: string | undefined;
  readonly experiment?: string | undefined;
  readonly type?: string | undefined;
  readonly name: string;
  /** A tag, a number ("V2"), or "latest"; absent where none was given. */
  readonly tag?: string | undefined;
  /** The beginning of a digest of content or of a version id: 8 to 64 hex digits. */
  readonly digest?: string | undefined;
  /** A path inside the version, which may stand only after a tag or digest. */
  readonly path?: string | undefined;
}

/** What an address may leave open. */
export interface RefDefaults {
  readonly team?: string | undefined;
  readonly experiment?: string | undefined;
  readonly type?: string | undefined;
}

/** Where names are looked for first that do not say it themselves. */
export interface Place {
  readonly team: string;
  readonly experiment: string;
}

/**
 * Parses an address.
 *
 * @throws ArtifoldError USAGE when it is none
 */
export function parseRef(text: string): Ref {
  const mark = text.search(/[:@]/);
  const place = mark === -1 ? text : text.slice(0, mark);
  const rest = mark === -1 ? "" : text.slice(mark + 1);
  const slash = rest.indexOf("/");
  const selector = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? undefined : rest.slice(slash + 1).replace(/\/+$/, "");
  const parts = place.split("/");
  if ((parts.length !== 1 && parts.length !== 3) || parts.includes("") || (mark !== -1 && selector === "")) {
    throw new ArtifoldError("USAGE", `not an address of a version: ${JSON.stringify(text)}`, {
      hint: "Write [team/experiment/]name[:tag], as in sample:V2. A path follows a tag: sample:V2/folder/file.",
    });
  }
  const name = checkName("artifact", parts[parts.length - 1] as string);
  const [team, experiment] =
    parts.length === 3
      ? [checkName("team", parts[0] as string), checkName("experiment", parts[1] as string)]
      : [undefined, undefined];
  const selected = mark === -1 ? {} : text[mark] === ":" ? { tag: selector } : { digest: checkDigest(selector) };
  return { team, experiment, name, ...selected, ...(path === undefined || path === "" ? {} : { path }) };
}

/** Parses an address that means a version, or all of an artifact: what was said of a path is not to be taken for more. */
export function parseWholeRef(text: string): Ref {
  const ref = parseRef(text);
  if (ref.path === undefined) return ref;
  throw new ArtifoldError("USAGE", `${text} names a path, and what is meant here is a whole version`, {
    hint: `Write ${text.slice(0, text.indexOf("/", text.search(/[:@]/)))} for all of it.`,
  });
}

/** Checks the beginning of a digest. @throws ArtifoldError USAGE */
export function checkDigest(text: string): string {
  const digest = text.toLowerCase();
  if (/^[0-9a-f]{8,64}$/.test(digest)) return digest;
  throw new ArtifoldError("USAGE", `not a digest: ${JSON.stringify(text)}`, {
    hint: "A digest has 64 hex digits and may be shortened to 8 or more while it is unique.",
  });
}

/**
 * Finds the artifact that an address names: in the team and experiment given, else in the default ones, else wherever the
 * name is unique.
 *
 * @throws ArtifoldError NOT_FOUND or AMBIGUOUS
 */
export function findArtifact(catalog: Catalog, ref: Ref, defaults: RefDefaults = {}): ArtifactRow {
  const asked = given({ name: ref.name, type: ref.type, team: ref.team, experiment: ref.experiment });
  const near = catalog.artifacts({ ...given({ team: defaults.team, experiment: defaults.experiment }), ...asked });
  return onlyOne(ref, near.length > 0 ? near : catalog.artifacts(asked));
}

/** An address with what is said beside it of what it leaves open, which is to be taken at its word as well. */
export function completed(ref: Ref, options: RefDefaults): Ref {
  const checked = (kind: NameKind, name: string | undefined): string | undefined =>
    name === undefined ? undefined : checkName(kind, name);
  return {
    ...ref,
    name: checkName("artifact", ref.name),
    team: checked("team", ref.team ?? options.team),
    experiment: checked("experiment", ref.experiment ?? options.experiment),
    type: checked("type", ref.type ?? options.type),
  };
}

/** Leaves out what is undefined. */
export function given(filter: { [key: string]: string | undefined }): { [key: string]: string } {
  return Object.fromEntries(
    Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Names in their one form; those that are not given are left out. */
export function composed(names: { [kind: string]: string | undefined }): { [kind: string]: string } {
  return Object.fromEntries(Object.entries(given(names)).map(([kind, text]) => [kind, text.normalize("NFC")]));
}

function onlyOne(ref: Ref, found: readonly ArtifactRow[]): ArtifactRow {
  const [first] = found;
  if (first === undefined) {
    throw new ArtifoldError("NOT_FOUND", `there is no artifact ${describeName(ref)}`, {
      info: { artifact: ref.name },
      hint: "`artifold ls` lists what there is.",
    });
  }
  if (found.length === 1) return first;
  const types = new Set(found.map((row) => row.type));
  const places = found.map((row) => `${row.team}/${row.experiment}/${row.name} (${row.type})`);
  throw new ArtifoldError("AMBIGUOUS", `${describeName(ref)} may be ${places.join(" or ")}`, {
    hint: types.size > 1 ? "Say which with --type." : "Write team/experiment/name, or pass --team and --experiment.",
  });
}

function describeName(ref: Ref): string {
  const place = [ref.team, ref.experiment].filter((part) => part !== undefined).join("/");
  const type = ref.type === undefined ? "" : ` of type ${ref.type}`;
  return `${place === "" ? "" : `${place}/`}${ref.name}${type}`;
}

/** An artifact's name, with its place and its type where those of another one differ. */
export function nameBeside({ team, experiment, type, name }: ArtifactRow, other: ArtifactRow): string {
  const place = team === other.team && experiment === other.experiment ? "" : `${team}/${experiment}/`;
  return `${place}${name}${type === other.type ? "" : ` of type ${type}`}`;
}

/** Which version a ref without tag means. */
export type WithoutTag = "latest" | "required";

/**
 * Finds the version that an address names.
 *
 * @param options.removed whether a removed version may be named
 * @throws ArtifoldError NOT_FOUND, AMBIGUOUS or USAGE
 */
export function findVersion(
  catalog: Catalog,
  artifact: ArtifactRow,
  ref: Ref,
  options: { withoutTag?: WithoutTag; removed?: boolean } = {},
): VersionRow {
  const version = lookUp(catalog, artifact, ref, options);
  if (version === undefined || (version.removed && options.removed !== true)) {
    const what = ref.digest === undefined ? (ref.tag ?? "version") : `version with digest ${ref.digest}`;
    throw new ArtifoldError("NOT_FOUND", `${artifact.name} has no ${what}`, {
      hint:
        version?.removed === true
          ? "It was removed; `artifold restore` brings it back."
          : catalog.latest(artifact.row) === undefined
            ? `All of its versions were removed; \`artifold restore ${artifact.name} --all-versions\` brings them back.`
            : `\`artifold show --versions ${artifact.name}\` lists what there is.`,
    });
  }
  return version;
}

function lookUp(
  catalog: Catalog,
  artifact: ArtifactRow,
  ref: Ref,
  options: { withoutTag?: WithoutTag; removed?: boolean },
): VersionRow | undefined {
  if (ref.digest !== undefined) return byDigest(catalog, artifact, ref.digest, options.removed === true);
  if (ref.tag === undefined) {
    if (options.withoutTag === "required") {
      throw new ArtifoldError("USAGE", `${artifact.name} needs a tag here`, {
        hint: `Write ${artifact.name}:V1, or pass --all-versions.`,
      });
    }
    return catalog.latest(artifact.row);
  }
  if (ref.tag.toLowerCase() === "latest") return catalog.latest(artifact.row);
  const number = parseNumber(ref.tag);
  if (number !== undefined) return catalog.versionByNumber(artifact.row, number);
  return catalog.versionByTag(artifact.row, ref.tag.normalize("NFC"));
}

/** The newest version whose content or id begins with these digits, when they mean one content. */
function byDigest(catalog: Catalog, artifact: ArtifactRow, start: string, removed: boolean): VersionRow | undefined {
  const found = catalog.versionsByDigest(artifact.row, start).filter((version) => removed || !version.removed);
  const contents = new Set(found.map((version) => version.manifest));
  if (contents.size > 1) {
    throw new ArtifoldError("AMBIGUOUS", `several versions of ${artifact.name} begin with ${start}`, {
      hint: "Write more digits of the digest.",
    });
  }
  return found.at(-1);
}

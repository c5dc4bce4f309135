/** What the routes of the data API answer, and take; see `routes.ts`. */

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** The body of an answer that is no success: what the command prints with `--json`. */
export interface ApiFailure {
  readonly error: {
    /** A code of docs/errors.md. */
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    /** Whether what was asked for took effect. */
    readonly happened: "yes" | "no" | "unknown";
    /** Of a fault of the server: what its own log calls it. */
    readonly id?: string;
  };
}

/**
 * What one must be allowed to. `shell`: nothing, and nothing of the store is told · `code`: have the one-time code · `login`:
 * be logged in · `read`, `write`, `admin`: as tokens have it, each with all before it.
 */
export type Permission = "shell" | "code" | "login" | "read" | "write" | "admin";

/** What a login may; each all that those before it may. */
export type Scope = "read" | "write" | "admin";

/** Part of a list that can be entered anywhere. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Index of the first item in the whole list. */
  readonly offset: number;
  readonly total: number;
}

/** Part of a list that is gone through from its beginning. */
export interface Piece<Item> {
  readonly items: readonly Item[];
  /** Pass it as `after` for what comes next; null at the end. */
  readonly next: string | null;
}

/** Parameters of pages: `offset` from 0, `limit` 1 to 1000, default 100. */
export interface PageQuery {
  readonly offset?: number;
  readonly limit?: number;
}

/** Whose request it is, and what it may. */
export interface SessionView {
  /** Null without a login. */
  readonly login: {
    readonly user: string;
    readonly scope: Scope;
    /** The team that all is limited to; null for none. */
    readonly team: string | null;
    /** When it ends; null for a token without an end. */
    readonly expiresAt: string | null;
    /** "session": by the one-time code. */
    readonly kind: "token" | "session";
  } | null;
  /** What this request may: with this login, or without one. */
  readonly may: { readonly read: boolean; readonly write: boolean; readonly admin: boolean };
  /** Whether reading needs a login too. */
  readonly isPrivate: boolean;
  readonly server: { readonly name: "artifold"; readonly version: string };
}

/** An experiment with what stands in it. */
export interface ExperimentView {
  readonly team: string;
  readonly experiment: string;
  readonly artifacts: number;
  readonly runs: number;
  /** When the newest run began, or the newest version was made; null where there is neither. */
  readonly changedAt: string | null;
}

/** A run, as it is when it is asked for. */
export interface RunView {
  readonly id: string;
  readonly team: string;
  readonly experiment: string;
  readonly name: string;
  /** "unknown": its process is gone and nobody said how it ended. */
  readonly state: "running" | "finished" | "failed" | "killed" | "unknown";
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly startedAt: string;
  readonly startedBy: string;
  readonly endedAt: string | null;
  /** The program and its arguments; empty where not known. */
  readonly command: readonly string[];
  readonly config: JsonObject;
}

/** An artifact in a list. */
export interface ArtifactView {
  /** Its id. */
  readonly id: string;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** Versions that live, and removed ones. */
  readonly versions: number;
  readonly removed: number;
  /** The newest version that lives: "V12"; null for none. */
  readonly latest: string | null;
}

/** Part of a list of artifacts, and the types that there are. */
export interface ArtifactList extends Page<ArtifactView> {
  /** Types among all that fit (the filter of the type itself aside), with how many artifacts each has. */
  readonly types: readonly { readonly type: string; readonly artifacts: number }[];
}

/** All that is known of an artifact. */
export interface ArtifactDetails extends ArtifactView {
  /** The user's own tags, by name. */
  readonly tags: readonly { readonly tag: string; readonly version: string }[];
}

/** A version in a list. */
export interface VersionView {
  /** The version id. */
  readonly id: string;
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  /** "V2" */
  readonly version: string;
  readonly number: number;
  /** Digest of the content. */
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  /** Bytes of content that were not stored before. */
  readonly newBytes: number;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly message: string;
  /** The user's own tags; "latest" is told by `isLatest`. */
  readonly tags: readonly string[];
  readonly isLatest: boolean;
  readonly removed: boolean;
}

/** All that is known of a version. */
export interface VersionDetails extends VersionView {
  /** "team/experiment/name:V2" */
  readonly ref: string;
  /** Files, empty folders, links and references. */
  readonly entries: number;
  /** "V1": the version that it came from; null for none, or of another artifact. */
  readonly parent: string | null;
  /** Ids of all versions that it came from. */
  readonly parents: readonly string[];
  /** Other versions of the artifact with the same content. */
  readonly sameAs: readonly string[];
  readonly metadata: JsonObject;
  /** Runs that made it, and that used it: the newest 20 of each; `lineage` tells all. */
  readonly madeBy: readonly RunView[];
  readonly usedBy: readonly RunView[];
}

/** An entry of a version. */
export interface EntryDetails {
  /** From the version's root, without a slash at its end. */
  readonly path: string;
  /** A folder is an entry only while nothing is in it. */
  readonly kind: "file" | "folder" | "link" | "reference";
  /** Bytes of a file; of a reference's content where known, else 0; of a folder what all below it have. */
  readonly size: number;
  /** BLAKE3 of the content; null for folders, and for references whose content is not known. */
  readonly digest: string | null;
  readonly executable: boolean;
  /** Where a link leads. */
  readonly target?: string;
  /** What a reference names. */
  readonly uri?: string;
}

/** One name in a folder of a version, or a file found by a glob. */
export interface EntryItem extends EntryDetails {
  /** Files below a folder; else 1. */
  readonly files: number;
}

/** A part of a folder, in the order of the paths' UTF-8 bytes. */
export interface FolderPage {
  /** The id of the version that it is a folder of: for whoever asked by number or tag. */
  readonly version: string;
  /** The folder that was asked for; "" for the root. */
  readonly folder: string;
  readonly items: readonly EntryItem[];
  /** Number of the first item in the folder, from 0. */
  readonly offset: number;
  /** How many names the folder has; null while they are being counted: ask again a little later (`count=true` waits). */
  readonly total: number | null;
  /** Whether there is more after these. */
  readonly more: boolean;
}

/** Files found by a glob. May be empty with a `next`: nothing was found yet. */
export interface FoundFiles extends Piece<EntryItem> {
  /** Entries that were looked at. */
  readonly looked: number;
}

/** A path at which two versions differ. */
export interface ChangeItem {
  readonly path: string;
  readonly kind: "added" | "modified" | "removed";
  readonly before: EntryDetails | null;
  readonly after: EntryDetails | null;
}

/** What the version changed, as seen from another one. */
export interface DiffPiece extends Piece<ChangeItem> {
  /** The other one. */
  readonly from: VersionView;
  readonly to: VersionView;
}

/** How much two versions differ. */
export interface DiffSummary {
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  /** Bytes of what is there now (added and modified), and of what was there before (removed and modified). */
  readonly bytesAfter: number;
  readonly bytesBefore: number;
  /** False where there are so many changes that counting was ended: the figures are of the first ones. */
  readonly isWhole: boolean;
}

/** A run or a version in a lineage. */
export interface LineageNodeView {
  readonly kind: "run" | "version";
  readonly id: string;
  /** Steps from the start. */
  readonly distance: number;
  /** Whether there is more this way than is told here. */
  readonly more: boolean;
  /** Both null for what this store does not have, or this login may not see. */
  readonly run: RunView | null;
  readonly version: VersionView | null;
}

/** A part of the graph of runs and versions. */
export interface LineageView {
  /** From near to far, the start first. */
  readonly nodes: readonly LineageNodeView[];
  /** The run used the version, or made it. Both ends are among the nodes. */
  readonly links: readonly { readonly link: "used" | "made"; readonly run: string; readonly version: string }[];
}

/** A version in a chart. */
export interface ChartPoint {
  readonly version: string;
  readonly number: number;
  readonly createdAt: string;
  readonly files: number;
  readonly bytes: number;
  /** Bytes that were not stored before it, and those that were, or are repeated in it: together `bytes`. */
  readonly newBytes: number;
  readonly sharedBytes: number;
}

/** An operation of the log. */
export interface OperationView {
  readonly operation: number;
  readonly at: string;
  readonly by: string;
  readonly changes: readonly OperationChange[];
}

/**
 * What an operation changed. `kind`: "version" (made), "tag", "remove", "restore", "note" (message or metadata), "run"
 * (begun), "config", "ended", "used", "made", … More kinds may come.
 */
export interface OperationChange {
  readonly kind: string;
  /** Of what concerns a version, or an artifact's tag. */
  readonly artifact: Pick<ArtifactView, "id" | "team" | "experiment" | "type" | "name"> | null;
  readonly version: string | null;
  readonly versionId: string | null;
  readonly tag: string | null;
  /** Of what concerns a run, and of a new version the run that made it. */
  readonly run: Pick<RunView, "id" | "team" | "experiment" | "name"> | null;
}

/** What a write came to: the operation of the log; null when nothing changed. */
export interface Done {
  readonly operation: number | null;
}

/** A file of a version in the making. */
export interface DraftFile {
  readonly path: string;
  readonly size: number;
  readonly digest: string;
}

/** What an upload came to: what `artifold upload --json` prints. */
export interface UploadView {
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly digest: string;
  /** False: the content is that of the newest version, and none was made. */
  readonly changed: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  readonly kept: number;
  readonly newBytes: number;
  readonly mergedWith: string | null;
}

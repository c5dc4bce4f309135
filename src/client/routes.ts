/**
 * The data API of a server, as its two sides agree on it: every route, what it takes, what it answers. Imports nothing, so
 * that a browser can have it.
 *
 * - All paths begin with `/api/`. Names of teams, experiments, types, artifacts, runs and tags are segments of the path, each
 *   encoded by itself; paths within a version stand in the query only. Bodies and answers are JSON unless a route says else.
 * - A login goes into the header `authorization: Bearer TOKEN`: a token, or what `openSession` gave. An unknown or expired one
 *   is 401 everywhere, also where reading needs none.
 * - Writes need a login, and `content-type: application/json` (or `application/octet-stream` for `putFile` and
 *   `putFiles`).
 * - An answer that is no success has the body {@link ApiFailure}. Statuses: 400 USAGE, NAME_INVALID, PATH_INVALID · 401 DENIED,
 *   a login is needed · 403 DENIED, this login may not · 404 NOT_FOUND, or nothing that this login may see · 409 CONFLICT,
 *   AMBIGUOUS, CLOSED · 413 LIMIT · 415 USAGE, the content type · 416 a range that is not there · 421 a host that is not ours ·
 *   429 BUSY, come again after `retry-after` seconds · 503 BUSY · 507 NO_SPACE · 500 all else.
 * - An answer that was read from the store has {@link OPERATION_HEADER}: the number of an operation up to which at least it
 *   goes. Whoever listens to `events` from the smallest of them on hears all that the answers do not have.
 * - Times are ISO 8601 in UTC; digests and ids 64 hex digits; sizes are bytes.
 */
import type {
  ArtifactDetails,
  ArtifactList,
  ChartPoint,
  DiffPiece,
  DiffSummary,
  Done,
  DraftFile,
  ExperimentView,
  FolderPage,
  FoundFiles,
  JsonObject,
  LineageView,
  OperationView,
  Page,
  PageQuery,
  Permission,
  Piece,
  RunView,
  Scope,
  SessionView,
  UploadView,
  VersionDetails,
  VersionView,
} from "./views.ts";

/** Names of an artifact in a path. */
export interface ArtifactParams {
  readonly team: string;
  readonly experiment: string;
  readonly type: string;
  readonly name: string;
}

/** `version`: "V2", a tag, "latest", or a version id. Removed versions are found by number and id. */
export interface VersionParams extends ArtifactParams {
  readonly version: string;
}

/** `run`: its name, or `name@` and the first digits of its id. */
export interface RunParams {
  readonly team: string;
  readonly experiment: string;
  readonly run: string;
}

/** What each route takes and answers. `answer: Response` marks bodies that are not JSON. */
export interface Routes {
  /** Who this is and what it may. The key of `login` is checked with it: 401 for a wrong one. */
  session: { answer: SessionView };
  /** Exchanges the code that `serve` printed, which is good once, for a login of 12 hours. */
  openSession: {
    body: { readonly code: string };
    answer: { readonly token: string; readonly user: string; readonly scope: Scope; readonly expiresAt: string };
  };
  /** Ends a session. A token stays as it is. */
  closeSession: { answer: undefined };
  /**
   * A path with which one GET or HEAD is allowed without a header for 5 minutes: for `<img>`, `<video>`, and downloads that
   * the browser makes. Of `file` and `archive` only.
   */
  ticket: {
    body: { readonly path: string };
    answer: { readonly path: string; readonly expiresAt: string };
  };

  /** Experiments by team and name. `text`: part of either. */
  experiments: { query: PageQuery & { readonly team?: string; readonly text?: string }; answer: Page<ExperimentView> };
  /** An experiment with at least an artifact or a run. */
  experiment: { params: Pick<RunParams, "team" | "experiment">; answer: ExperimentView };

  /** Runs, newest first. `text`: part of the name. */
  runs: {
    query: PageQuery & { readonly team?: string; readonly experiment?: string; readonly text?: string };
    answer: Page<RunView>;
  };
  run: { params: RunParams; answer: RunView };
  /** Versions that a run used or made, in the order in which it did. `limit` 1 to 1000, default 100. */
  runVersions: {
    params: RunParams;
    query: { readonly link: "used" | "made"; readonly after?: string; readonly limit?: number };
    answer: Piece<VersionView>;
  };
  runLineage: { params: RunParams; query: LineageQuery; answer: LineageView };

  /** Artifacts by team, experiment, type and name. `text`: part of the name. */
  artifacts: {
    query: PageQuery & {
      readonly team?: string;
      readonly experiment?: string;
      readonly type?: string;
      readonly text?: string;
    };
    answer: ArtifactList;
  };
  artifact: { params: ArtifactParams; answer: ArtifactDetails };
  /**
   * Versions, newest first. `text`: part of the number ("V12"), a tag or the message. `at`: begins with the page of `limit`
   * rows that has this version, instead of `offset`. `removed=true`: removed ones too.
   */
  versions: {
    params: ArtifactParams;
    query: PageQuery & { readonly text?: string; readonly at?: string; readonly removed?: boolean };
    answer: Page<VersionView>;
  };
  /** Sizes of living versions, oldest first, from a number on. `limit` 1 to 10,000, default 2,000. */
  chart: {
    params: ArtifactParams;
    query: { readonly after?: string; readonly limit?: number };
    answer: Piece<ChartPoint>;
  };

  version: { params: VersionParams; answer: VersionDetails };
  /**
   * A folder of a version ("" for the root); of a file that file. Of long folders the first page comes before they are
   * counted. `at`: begins with this path, instead of `offset`.
   */
  entries: {
    params: VersionParams;
    query: PageQuery & { readonly folder?: string; readonly at?: string; readonly count?: boolean };
    answer: FolderPage;
  };
  /**
   * Files below a folder that fit a glob (docs/ignore.md; one without wildcards and slashes is taken as part of the path).
   * Globs have at most 8 stars and alternatives in all and 3 between two slashes, so that nobody holds the server up.
   * Each answer comes after some 150 ms at most, with what was found by then.
   */
  find: {
    params: VersionParams;
    query: { readonly glob: string; readonly folder?: string; readonly after?: string; readonly limit?: number };
    answer: FoundFiles;
  };
  /**
   * The bytes of a file. `Range: bytes=FIRST-LAST`, `FIRST-` and `-LENGTH`, one of them; `ETag` is the digest, and
   * `If-None-Match` and `If-Range` are heeded; HEAD too. It comes as an attachment of `application/octet-stream`;
   * `inline=true` gives images (PNG, JPEG, GIF, WebP, AVIF, BMP), audio, video and text (as text/plain) their type, by the
   * name's ending, and is 415 USAGE for all else.
   */
  file: {
    params: VersionParams;
    query: { readonly path: string; readonly inline?: boolean; readonly ticket?: string };
    answer: Response;
  };
  /** A folder ("" for the whole version) as one file. */
  archive: {
    params: VersionParams;
    query: { readonly format: "zip" | "tar"; readonly folder?: string; readonly ticket?: string };
    answer: Response;
  };
  /**
   * What the version changed since another, in path order. `from`: "V1", a tag, or the id of a version of any artifact.
   * `limit` 1 to 1000, default 100.
   */
  diff: {
    params: VersionParams;
    query: { readonly from: string; readonly after?: string; readonly limit?: number };
    answer: DiffPiece;
  };
  diffSummary: { params: VersionParams; query: { readonly from: string }; answer: DiffSummary };
  lineage: { params: VersionParams; query: LineageQuery; answer: LineageView };

  /** What happened, newest first. `after`: as `next` had it. `limit` 1 to 1000, default 100. */
  log: { query: { readonly after?: string; readonly limit?: number }; answer: Piece<OperationView> };
  /**
   * `text/event-stream`, of operations as they come, by whatever process: `event: operation`, `id:` its number, `data:` an
   * {@link OperationView}. `Last-Event-ID` gives what came since; `event: reset` says that this was too much, and all is to
   * be asked for anew. A comment line comes every 15 seconds.
   */
  events: { answer: Response };

  /** Moves a tag here. */
  setTag: { params: VersionParams & { readonly tag: string }; answer: Done };
  /** Takes it away from here; 404 when it is not here. */
  removeTag: { params: VersionParams & { readonly tag: string }; answer: Done };
  /** Another message, or other metadata in the place of all it had. */
  annotate: {
    params: VersionParams;
    body: { readonly message?: string; readonly metadata?: JsonObject };
    answer: Done;
  };
  /** Removes a version; `restoreVersion` brings it back. */
  removeVersion: { params: VersionParams; answer: Done };
  restoreVersion: { params: VersionParams; answer: Done };

  /** Begins a new version on the newest one. Given up by itself when nothing comes for an hour. */
  openDraft: {
    params: ArtifactParams;
    answer: { readonly draft: string /** The version that it stands on. */; readonly version: string | null };
  };
  /**
   * Adds the body as a file, or puts it in the place of the one there. Bodies come with their length. Up to 16 requests of one
   * login may be at work with drafts at once, with the same one too.
   */
  putFile: {
    params: { readonly draft: string };
    query: { readonly path: string; readonly executable?: boolean };
    body: Blob | ArrayBuffer | Uint8Array;
    answer: DraftFile;
  };
  /**
   * Adds many files, as `putFile` does. The body has for each a line of JSON, `{"path": …, "size": …}` (and
   * `"executable": true`) and a line feed, then as many bytes as that tells; at most 10,000 files and 64 MiB. When it fails,
   * some may have been added: sending them again does no harm. See `Client.addFiles`.
   */
  putFiles: {
    params: { readonly draft: string };
    body: Blob | ArrayBuffer | Uint8Array;
    answer: { readonly files: readonly DraftFile[] };
  };
  /** Takes out what fits a path or glob; a folder with all in it. */
  removeEntries: {
    params: { readonly draft: string };
    query: { readonly glob: string };
    answer: { readonly removed: number };
  };
  /** Makes the version. After a failure it can be called again; after a success the draft is gone. */
  finishDraft: {
    params: { readonly draft: string };
    body: { readonly message?: string; readonly metadata?: JsonObject; readonly tags?: readonly string[] };
    answer: UploadView;
  };
  closeDraft: { params: { readonly draft: string }; answer: undefined };
}

/** Which part of the graph. */
export interface LineageQuery {
  readonly direction?: "back" | "forward" | "both";
  /** 1 to 20, default 6. */
  readonly steps?: number;
  /** At most so many runs and versions: 1 to 1000, default 200. */
  readonly nodes?: number;
}

/** Name of a route. */
export type RouteName = keyof Routes;

/** Where a route is, and who may. */
export interface RouteHead {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Segments in braces are parameters. */
  readonly path: string;
  readonly permission: Permission;
  /** The type of its body. Default `application/json`. */
  readonly takes?: "application/octet-stream";
}

/** The header of an answer that says up to which operation it goes. */
export const OPERATION_HEADER = "artifold-operation";

const ARTIFACT = "/api/artifacts/{team}/{experiment}/{type}/{name}";
const VERSION: string = `${ARTIFACT}/versions/{version}`;
const RUN = "/api/runs/{team}/{experiment}/{run}";

/** All routes. The server serves these and no others. */
export const routes: { readonly [Name in RouteName]: RouteHead } = {
  session: { method: "GET", path: "/api/session", permission: "shell" },
  openSession: { method: "POST", path: "/api/session", permission: "code" },
  closeSession: { method: "DELETE", path: "/api/session", permission: "login" },
  ticket: { method: "POST", path: "/api/tickets", permission: "read" },

  experiments: { method: "GET", path: "/api/experiments", permission: "read" },
  experiment: { method: "GET", path: "/api/experiments/{team}/{experiment}", permission: "read" },
  runs: { method: "GET", path: "/api/runs", permission: "read" },
  run: { method: "GET", path: RUN, permission: "read" },
  runVersions: { method: "GET", path: `${RUN}/versions`, permission: "read" },
  runLineage: { method: "GET", path: `${RUN}/lineage`, permission: "read" },

  artifacts: { method: "GET", path: "/api/artifacts", permission: "read" },
  artifact: { method: "GET", path: ARTIFACT, permission: "read" },
  versions: { method: "GET", path: `${ARTIFACT}/versions`, permission: "read" },
  chart: { method: "GET", path: `${ARTIFACT}/chart`, permission: "read" },
  version: { method: "GET", path: VERSION, permission: "read" },
  entries: { method: "GET", path: `${VERSION}/entries`, permission: "read" },
  find: { method: "GET", path: `${VERSION}/find`, permission: "read" },
  file: { method: "GET", path: `${VERSION}/file`, permission: "read" },
  archive: { method: "GET", path: `${VERSION}/archive`, permission: "read" },
  diff: { method: "GET", path: `${VERSION}/diff`, permission: "read" },
  diffSummary: { method: "GET", path: `${VERSION}/diff-summary`, permission: "read" },
  lineage: { method: "GET", path: `${VERSION}/lineage`, permission: "read" },

  log: { method: "GET", path: "/api/log", permission: "read" },
  events: { method: "GET", path: "/api/events", permission: "read" },

  setTag: { method: "PUT", path: `${VERSION}/tags/{tag}`, permission: "write" },
  removeTag: { method: "DELETE", path: `${VERSION}/tags/{tag}`, permission: "write" },
  annotate: { method: "PATCH", path: VERSION, permission: "write" },
  removeVersion: { method: "DELETE", path: VERSION, permission: "admin" },
  restoreVersion: { method: "POST", path: `${VERSION}/restore`, permission: "admin" },

  openDraft: { method: "POST", path: `${ARTIFACT}/drafts`, permission: "write" },
  putFile: { method: "PUT", path: "/api/drafts/{draft}/file", permission: "write", takes: "application/octet-stream" },
  putFiles: {
    method: "PUT",
    path: "/api/drafts/{draft}/files",
    permission: "write",
    takes: "application/octet-stream",
  },
  removeEntries: { method: "DELETE", path: "/api/drafts/{draft}/entries", permission: "write" },
  finishDraft: { method: "POST", path: "/api/drafts/{draft}/finish", permission: "write" },
  closeDraft: { method: "DELETE", path: "/api/drafts/{draft}", permission: "write" },
};

/** Parts of a call of a route; what a route does not take is left out. */
export type CallOf<Name extends RouteName> = (Routes[Name] extends { params: infer Params }
  ? { readonly params: Params }
  : { readonly params?: undefined }) &
  (Routes[Name] extends { query: infer Query }
    ? Record<never, never> extends Query
      ? { readonly query?: Query }
      : { readonly query: Query }
    : { readonly query?: undefined }) &
  (Routes[Name] extends { body: infer Body } ? { readonly body: Body } : { readonly body?: undefined }) & {
    readonly signal?: AbortSignal | undefined;
  };

/** What a route answers. */
export type AnswerOf<Name extends RouteName> = Routes[Name]["answer"];

/** The path and query of a call of a route. */
export function pathOf(
  name: RouteName,
  call: { readonly params?: object | undefined; readonly query?: object | undefined },
): string {
  const params = (call.params ?? {}) as { readonly [param: string]: string };
  const path = routes[name].path.replace(/\{(\w+)\}/g, (_, param: string) => encodeURIComponent(params[param] ?? ""));
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(key, String(value));
  return query.size === 0 ? path : `${path}?${query}`;
}

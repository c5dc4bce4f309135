/** Routes that make versions of what is sent. */

import type { Digest } from "../../digest/index.ts";
import { ArtifoldError } from "../../errors.ts";
import type { Metadata } from "../../manifest/index.ts";
import { Breather } from "../../platform/index.ts";
import { absent, failed } from "../api-answers.ts";
import { type Call, NO_TEAM, type RouteCode, type RouteCodes, route } from "../call.ts";
import { readChange } from "../changes.ts";
import { filesOf } from "../file-batch.ts";
import { checkGlob } from "../globs.ts";
import type { Login } from "../login.ts";
import { flag, requiredText } from "../queries.ts";

/** Longest file that is sent as one body. */
const FILE_BYTES_MAX: number = 1024 ** 4;
/** Longest body of many files. */
const FILES_BYTES_MAX: number = 64 * 1024 ** 2;

const openDraft: RouteCode<"openDraft"> = route({}, async (call) => {
  const { params, services } = call;
  const { team, experiment, type, name } = params;
  if (team === NO_TEAM) throw absent("artifact");
  return services.drafts.open(loginOf(call), { team, experiment, type, name });
});

const putFile: RouteCode<"putFile"> = route({ path: requiredText, executable: flag }, async (call) => {
  const { params, query, request, services, signal } = call;
  const size = lengthOf(request, FILE_BYTES_MAX, "a file");
  if (size === undefined) return withoutLength();
  return services.drafts.use(params.draft, loginOf(call), async (artifact) => {
    const { path, executable } = query;
    const { digest } = await artifact.add(exactly(size, request.body), { as: path, executable, signal });
    return { path, size, digest: digest as Digest };
  });
});

const putFiles: RouteCode<"putFiles"> = route({}, async (call) => {
  const { params, request, services, signal } = call;
  const size = lengthOf(request, FILES_BYTES_MAX, "a body of many files");
  if (size === undefined) return withoutLength();
  return services.drafts.use(params.draft, loginOf(call), async (artifact) => ({
    files: await artifact.addAll(filesOf(exactly(size, request.body)), { signal }),
  }));
});

const removeEntries: RouteCode<"removeEntries"> = route({ glob: requiredText }, async (call) => {
  const { params, query, services, signal } = call;
  checkGlob(query.glob);
  return services.drafts.use(params.draft, loginOf(call), async (artifact) => ({
    removed: await artifact.remove(query.glob, { signal }),
  }));
});

const finishDraft: RouteCode<"finishDraft"> = route({}, async (call) => {
  const { params, request, services } = call;
  const login = loginOf(call);
  const { message, metadata, tags } = await readChange(request, ["message", "metadata", "tags"]);
  const result = await services.drafts.use(params.draft, login, (artifact) =>
    artifact.upload({ message, metadata: metadata as Metadata | undefined, tags }),
  );
  await services.drafts.close(params.draft, login);
  const { id } = result;
  if (id === null) throw new ArtifoldError("INTERNAL", "the version has no id", { happened: "yes" });
  return {
    team: result.team,
    experiment: result.experiment,
    type: result.type,
    name: result.name,
    version: result.version,
    id,
    digest: result.digest,
    changed: result.changed,
    files: result.files,
    bytes: result.bytes,
    added: result.added,
    modified: result.modified,
    removed: result.removed,
    kept: result.kept,
    newBytes: result.newBytes,
    mergedWith: result.mergedWith,
  };
});

const closeDraft: RouteCode<"closeDraft"> = route({}, async (call) => {
  await call.services.drafts.close(call.params.draft, loginOf(call));
  return undefined;
});

/** The length that a body has by its head; `undefined` without one. @throws ArtifoldError LIMIT */
function lengthOf({ headers }: Request, most: number, what: string): number | undefined {
  const told = headers.get("content-length");
  if (told === null || !/^\d{1,15}$/.test(told)) return undefined;
  if (Number(told) > most) throw new ArtifoldError("LIMIT", `${what} has at most ${most} bytes`);
  return Number(told);
}

function withoutLength(): Response {
  return failed(411, "USAGE", "a body of content comes with its length");
}

/** Whoever changes something is logged in: the route's permission says so. */
function loginOf({ login }: Pick<Call, "login">): Login {
  if (login === undefined) throw new ArtifoldError("DENIED", "a login is needed");
  return login;
}

/** The pieces of a body that has as many bytes as was told, or an error. */
async function* exactly(
  size: number,
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  const breather = new Breather();
  for await (const piece of body ?? []) {
    // Pieces of several uploads may all be here already: between them others have their turn.
    if (breather.dueAfterLong()) await breather.pause();
    seen += piece.length;
    if (seen > size) break;
    yield piece;
  }
  if (seen !== size) throw new ArtifoldError("READ_FAILED", "the body is not as long as was told");
}

/** Routes that make versions. */
export const draftRoutes: RouteCodes<
  "openDraft" | "putFile" | "putFiles" | "removeEntries" | "finishDraft" | "closeDraft"
> = {
  openDraft,
  putFile,
  putFiles,
  removeEntries,
  finishDraft,
  closeDraft,
};

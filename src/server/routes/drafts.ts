/** Routes that make versions of what is sent. */

import { contentHasher } from "../../digest/index.ts";
import { ArtifoldError } from "../../errors.ts";
import type { Metadata } from "../../manifest/index.ts";
import { Breather } from "../../platform/index.ts";
import { absent, failed } from "../api-answers.ts";
import { type Call, NO_TEAM, type RouteCode, type RouteCodes, route } from "../call.ts";
import { readChange } from "../changes.ts";
import type { Login } from "../login.ts";
import { requiredText } from "../queries.ts";

/** Longest file that is sent as one body. */
const FILE_BYTES_MAX: number = 1024 ** 4;

const openDraft: RouteCode<"openDraft"> = route({}, async (call) => {
  const { params, services } = call;
  const { team, experiment, type, name } = params;
  if (team === NO_TEAM) throw absent("artifact");
  return services.drafts.open(loginOf(call), { team, experiment, type, name });
});

const putFile: RouteCode<"putFile"> = route({ path: requiredText }, async (call) => {
  const { params, query, request, services, signal } = call;
  const told = request.headers.get("content-length");
  if (told === null || !/^\d{1,15}$/.test(told)) return failed(411, "USAGE", "a file comes with its length");
  const size = Number(told);
  if (size > FILE_BYTES_MAX) throw new ArtifoldError("LIMIT", `a file has at most ${FILE_BYTES_MAX} bytes`);
  return services.drafts.use(params.draft, loginOf(call), async (artifact) => {
    const hasher = contentHasher();
    await artifact.add(
      exactly(size, request.body, (piece) => hasher.update(piece)),
      { as: query.path, signal },
    );
    return { path: query.path, size, digest: hasher.digest() };
  });
});

const removeEntries: RouteCode<"removeEntries"> = route({ glob: requiredText }, async (call) => {
  const { params, query, services, signal } = call;
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

/** Whoever changes something is logged in: the route's permission says so. */
function loginOf({ login }: Pick<Call, "login">): Login {
  if (login === undefined) throw new ArtifoldError("DENIED", "a login is needed");
  return login;
}

/** The pieces of a body that has as many bytes as was told, or an error. */
async function* exactly(
  size: number,
  body: ReadableStream<Uint8Array> | null,
  onPiece: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  const breather = new Breather();
  for await (const piece of body ?? []) {
    // Pieces of several uploads may all be here already: between them others have their turn.
    if (breather.dueAfterLong()) await breather.pause();
    seen += piece.length;
    if (seen > size) break;
    onPiece(piece);
    yield piece;
  }
  if (seen !== size) throw new ArtifoldError("READ_FAILED", "the body is not as long as was told");
}

/** Routes that make versions. */
export const draftRoutes: RouteCodes<"openDraft" | "putFile" | "removeEntries" | "finishDraft" | "closeDraft"> = {
  openDraft,
  putFile,
  removeEntries,
  finishDraft,
  closeDraft,
};

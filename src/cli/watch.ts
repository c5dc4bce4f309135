/** `watch`: makes a version each time a folder has changed and come to rest. It mirrors the folder. */
import path from "node:path";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { kindOf, nodeFileSystem } from "../platform/index.ts";
import type { Store } from "../store/index.ts";
import { readError, watchFolder } from "../worktree/index.ts";
import type { Run } from "./command.ts";
import { currentRunFacts, noteUnrecorded } from "./current-run.ts";
import { safe } from "./text.ts";
import {
  addOptions,
  artifactQuery,
  notIncluded,
  report,
  type ToldUpload,
  uploadOptions,
  withWaysOut,
} from "./upload.ts";

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const settleMs = parseSettle(call.text("settle"));
  const query = artifactQuery(run);
  const folder = realFolder(path.resolve(context.cwd, call.args[0] as string));
  const store = await run.open({ create: true });
  await noteUnrecorded(run, store);
  output.note(`watching ${safe(folder)}; Ctrl-C ends`);
  try {
    for await (const _ of watchFolder(folder, { settleMs, apart: [store.folder], signal })) {
      const result = await uploadAtRest(run, store, query, folder, settleMs);
      if (result.changed) tell(run, store, result);
    }
  } catch (error) {
    // Ctrl-C is how a watch ends, whatever it was doing.
    if (!signal.aborted) throw error;
  }
  return 0;
}

/** Uploads the folder; a file that is still being written makes it wait. */
async function uploadAtRest(
  run: Run,
  store: Store,
  query: ReturnType<typeof artifactQuery>,
  folder: string,
  settleMs: number,
): Promise<ToldUpload> {
  const { call, output, signal } = run;
  const as = call.text("as");
  for (;;) {
    const artifact = await store.artifact(query);
    try {
      const added = await artifact.mirror(folder, { ...addOptions(run), ...(as !== undefined && { as }) });
      const result = await artifact.upload({ ...uploadOptions(call), signal, onProgress: output.onProgress });
      return { ...result, warnings: [...result.warnings, ...notIncluded([added])] };
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isArtifoldError(error, "FILE_CHANGED") && !isArtifoldError(error, "NOT_FOUND")) throw withWaysOut(error);
      output.note(`waiting: ${safe((error as Error).message)}`);
      await new Promise((resolve) => setTimeout(resolve, settleMs));
    } finally {
      await artifact.close();
    }
  }
}

function tell(run: Run, store: Store, result: ToldUpload): void {
  if (run.output.isJson) run.output.write(`${JSON.stringify({ ...result, ...currentRunFacts(store) })}\n`);
  else report(run, store, result, false);
}

function parseSettle(text: string | undefined): number {
  if (text === undefined) return 2000;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 86_400) {
    throw new ArtifoldError("USAGE", `not a number of seconds: ${text}`);
  }
  return seconds * 1000;
}

function realFolder(folder: string): string {
  let place: string;
  try {
    place = nodeFileSystem.realPath(folder);
  } catch (error) {
    throw readError(folder, error);
  }
  const stat = nodeFileSystem.lookAt(place);
  if (stat !== undefined && kindOf(stat) === "folder") return place;
  throw new ArtifoldError("USAGE", `${folder} is not a folder`, { hint: "A file is uploaded with `artifold upload`." });
}

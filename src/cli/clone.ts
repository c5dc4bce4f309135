/** `clone`: makes a store in .artifold of a folder, with a remote and what is on it. */
import path from "node:path";
import { ArtifoldError } from "../errors.ts";
import { Store, storeExists } from "../store/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";
import type { Run } from "./command.ts";
import { typeFlag } from "./common.ts";
import { movedLines, movedView, trafficLine } from "./moved.ts";
import { remoteOpener } from "./remote-opening.ts";
import { safe } from "./text.ts";

/** What the remote is called in the new store. */
const REMOTE_NAME = "origin";

export async function run(run: Run): Promise<number> {
  const { call, context, output } = run;
  const [url, folder, ...refs] = call.args as [string, string, ...string[]];
  const place = path.join(path.resolve(context.cwd, folder), STORE_FOLDER_NAME);
  if (storeExists(place)) {
    throw new ArtifoldError("CONFLICT", `there is a store in ${place}`, {
      hint: "Choose another folder, or add the remote to that store and pull.",
    });
  }
  const open = remoteOpener(context, output);
  // A place that is not there, or that nobody may read, leaves no store behind.
  await (await open(url, {})).close();
  const { user } = context.settings;
  const store = await Store.open(place, {
    create: true,
    ...(user !== undefined && { user: user.value }),
    openRemote: open,
    settings: context.settings,
  });
  try {
    return await fill(run, store, url, refs);
  } finally {
    await store.close();
  }
}

/** Names the remote in the new store, and pulls from it. */
async function fill(run: Run, store: Store, url: string, refs: readonly string[]): Promise<number> {
  const { call, context, output, signal } = run;
  await store.remotes.add(REMOTE_NAME, url, context.cwd);
  const result = await store.pull({
    remote: REMOTE_NAME,
    refs,
    ...context.flags,
    ...typeFlag(run),
    metadataOnly: call.flag("metadata-only"),
    signal,
    onProgress: output.onProgress,
  });
  const lines = movedLines(run, result.versions, "cloned");
  if (lines.length === 0) lines.push(`${safe(result.url)} is empty`);
  lines.push(`the store is in ${safe(store.folder)}`, trafficLine(result));
  output.result({ ...movedView(result), path: store.folder }, store.folder, lines);
  return 0;
}

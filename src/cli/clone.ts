/** `clone`: makes a store in .artifold of a folder, with a remote and what is on it. */
import path from "node:path";
import { ArtifoldError } from "../errors.ts";
import { Store } from "../store/index.ts";
import { RemoteSession } from "../sync/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";
import type { Run } from "./command.ts";
import { typeFlag } from "./common.ts";
import { movedLines, movedView, tellingMoved, trafficLine } from "./moved.ts";
import { remoteOpener } from "./remote-opening.ts";
import { safe } from "./text.ts";

/** What the remote is called in the new store. */
const REMOTE_NAME = "origin";

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const [url, folder, ...refs] = call.args as [string, string, ...string[]];
  const place = path.join(path.resolve(context.cwd, folder), STORE_FOLDER_NAME);
  const open = remoteOpener(context, output);
  // A place that is not there, that nobody may read, or that does not answer, leaves no store behind.
  const remote = await open(url, {});
  try {
    await RemoteSession.open(remote, { call: { signal } });
  } finally {
    await remote.close();
  }
  const { user } = context.settings;
  const store = await Store.open(place, {
    create: true,
    ...(user !== undefined && { user: user.value }),
    openRemote: open,
    settings: context.settings,
  });
  try {
    await refuseFilled(store);
    return await fill(run, store, url, refs);
  } finally {
    await store.close();
  }
}

/** A store without versions may be what a clone that was cut off has left: the same clone goes on in it. */
async function refuseFilled(store: Store): Promise<void> {
  const { done } = await store.artifacts()[Symbol.asyncIterator]().next();
  if (done === true) return;
  throw new ArtifoldError("CONFLICT", `there is a store with versions in ${store.folder}`, {
    hint: "Choose another folder. `artifold pull` there goes on with a clone that was cut off; of another remote, once it is added.",
  });
}

/** Names the remote in the new store, and pulls from it. */
async function fill(run: Run, store: Store, url: string, refs: readonly string[]): Promise<number> {
  const { call, context, output, signal } = run;
  await store.remotes.add(REMOTE_NAME, url, context.cwd);
  const pulling = store.pull({
    remote: REMOTE_NAME,
    refs,
    ...context.flags,
    ...typeFlag(run),
    metadataOnly: call.flag("metadata-only"),
    signal,
    onProgress: output.onProgress,
  });
  const result = await tellingMoved(run, "cloned", pulling);
  const lines = movedLines(run, result.versions, "cloned");
  if (lines.length === 0) lines.push(`${safe(result.url)} is empty`);
  lines.push(`the store is in ${safe(store.folder)}`, trafficLine(result));
  output.result({ ...movedView(result), path: store.folder }, store.folder, lines);
  return 0;
}

/** `pull`: fetches from a remote what the store has not. */
import type { Run } from "./command.ts";
import { typeFlag } from "./common.ts";
import { movedLines, movedView, orNoRemote, remoteAndRefs, tellingMoved, trafficLine } from "./moved.ts";
import { safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const dryRun = call.flag("dry-run");
  const store = await run.open({ create: true, pretend: dryRun });
  const { remote, refs } = await remoteAndRefs(store, call.args);
  const options = { ...context.flags, ...typeFlag(run), dryRun, metadataOnly: call.flag("metadata-only"), signal };
  const said = dryRun ? "would pull" : "pulled";
  const pulling = store.pull({ ...options, remote, refs, onProgress: output.onProgress });
  const result = await tellingMoved(run, said, remote === undefined ? orNoRemote(refs, pulling) : pulling);
  const lines = movedLines(run, result.versions, said);
  if (lines.length === 0) lines.push(`no new version on ${safe(result.url)}`);
  lines.push(`${trafficLine(result)}${dryRun ? "  (dry run: nothing was changed)" : ""}`);
  output.result(movedView(result), result.versions.map(({ ref }) => ref).join("\n"), lines);
  return 0;
}

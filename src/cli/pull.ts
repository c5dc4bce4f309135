/** `pull`: fetches from a remote what the store has not. */
import type { Run } from "./command.ts";
import { typeFlag } from "./common.ts";
import { movedLines, movedView, remoteAndRefs, trafficLine } from "./moved.ts";
import { safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const dryRun = call.flag("dry-run");
  const store = await run.open({ create: true, pretend: dryRun });
  const result = await store.pull({
    ...(await remoteAndRefs(store, call.args)),
    ...context.flags,
    ...typeFlag(run),
    metadataOnly: call.flag("metadata-only"),
    dryRun,
    signal,
    onProgress: output.onProgress,
  });
  const lines = movedLines(run, result.versions, dryRun ? "would pull" : "pulled");
  if (lines.length === 0) lines.push(`no new version on ${safe(result.url)}`);
  lines.push(`${trafficLine(result)}${dryRun ? "  (dry run: nothing was changed)" : ""}`);
  output.result(movedView(result), result.versions.map(({ ref }) => ref).join("\n"), lines);
  return 0;
}

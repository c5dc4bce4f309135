/** `remote gc`: takes away from a remote what no living version on it needs. */
import type { Run } from "./command.ts";
import { confirm } from "./common.ts";
import { trafficLine } from "./moved.ts";
import { formatBytes, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, output, signal } = run;
  const [remote] = call.args;
  const dryRun = call.flag("dry-run");
  const store = await run.open();
  if (!(await confirm(run, "take away what no version on the remote needs"))) {
    output.note("nothing was taken away");
    return 1;
  }
  const result = await store.remotes.collect({ remote, dryRun, signal, onProgress: output.onProgress });
  const { url, removedBytes, removedPacks, removedObjects, keptVersions, requests } = result;
  const view = { url, removedBytes, removedPacks, removedObjects, keptVersions, requests };
  const said = dryRun ? "would be taken away" : "taken away";
  output.result(view, String(removedBytes), [
    `${formatBytes(removedBytes)} ${said} from ${safe(url)}; ${keptVersions} versions kept`,
    trafficLine(result),
  ]);
  return 0;
}

/** `merge`: makes one version of two that diverged. */
import { ArtifoldError } from "../errors.ts";
import type { Run } from "./command.ts";
import { resolveVersion, shortRef } from "./common.ts";

export async function run(run: Run): Promise<number> {
  const { call, output, signal } = run;
  const [first, second] = call.args as [string, string];
  const [isOurs, isTheirs] = [call.flag("ours"), call.flag("theirs")];
  if (isOurs && isTheirs) throw new ArtifoldError("USAGE", "--ours and --theirs exclude each other");
  const store = await run.open();
  const ours = await resolveVersion(run, store, first);
  const theirs = await resolveVersion(run, store, second);
  const message = call.text("message");
  const dryRun = call.flag("dry-run");
  const merged = await store.merge(ours, theirs, {
    onConflict: isOurs ? "ours" : isTheirs ? "theirs" : "fail",
    oursAt: call.list("ours-at"),
    theirsAt: call.list("theirs-at"),
    ...(message !== undefined && { message }),
    dryRun,
    signal,
    onProgress: output.onProgress,
  });
  const { team, experiment, type, name } = ours;
  const { version, id, digest, changed } = merged;
  const result = { team, experiment, type, name, version, id, digest, changed, parents: [ours.id, theirs.id] };
  const label = shortRef(run, { team, experiment, name, version });
  const said = changed ? `${label} holds both` : `nothing to merge: ${label} holds both`;
  output.result(result, version, [dryRun && changed ? `${said}  (dry run: nothing was made)` : said]);
  return 0;
}

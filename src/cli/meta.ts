/** `meta`: changes metadata or message of a version. */
import { ArtifoldError } from "../errors.ts";
import type { Run } from "./command.ts";
import { parseMetadata, resolveVersion, shortRef } from "./common.ts";

export async function run(run: Run): Promise<number> {
  const { call, output } = run;
  const [address, ...pairs] = call.args as [string, ...string[]];
  const message = call.text("message");
  const unset = call.list("unset");
  if (pairs.length === 0 && unset.length === 0 && message === undefined) {
    throw new ArtifoldError("USAGE", "nothing to change", { hint: "Write KEY=VALUE, --unset KEY or --message TEXT." });
  }
  const store = await run.open();
  const version = await resolveVersion(run, store, address);
  const kept = Object.entries(version.metadata).filter(([key]) => !unset.includes(key));
  const metadata = Object.fromEntries([...kept, ...Object.entries(parseMetadata(pairs))]);
  const changesMetadata = pairs.length + unset.length > 0;
  const dryRun = call.flag("dry-run");
  const operation = dryRun
    ? null
    : await version.annotate({ ...(changesMetadata && { metadata }), ...(message !== undefined && { message }) });
  const { team, experiment, type, name, version: number } = version;
  const result = {
    operation,
    team,
    experiment,
    type,
    name,
    version: number,
    metadata,
    message: message ?? version.message,
  };
  output.result(result, number, [`${shortRef(run, version)}  ${dryRun ? "dry run: nothing was changed" : "changed"}`]);
  return 0;
}

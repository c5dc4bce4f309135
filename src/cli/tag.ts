/** `tag` and `untag`: move a tag to a version, or take it away. */
import { checkName } from "../catalog/index.ts";
import { ArtifoldError } from "../errors.ts";
import type { Run } from "./command.ts";
import { resolveVersion, shortRef } from "./common.ts";

export async function run(run: Run): Promise<number> {
  const [address, name] = run.call.args as [string, string];
  const removes = run.command === "untag";
  const tag = removes ? name.normalize("NFC") : checkName("tag", name);
  const store = await run.open();
  const version = await resolveVersion(run, store, address);
  if (removes && !version.tags.includes(tag)) {
    throw new ArtifoldError("NOT_FOUND", `${shortRef(run, version)} has no tag ${tag}`);
  }
  const dryRun = run.call.flag("dry-run");
  const operation = dryRun ? null : removes ? await version.untag(tag) : await version.tag(tag);
  const { team, experiment, type, name: artifact, version: number } = version;
  const result = { operation, team, experiment, type, name: artifact, version: number, tag };
  const said = removes ? `${tag} taken away from ${shortRef(run, version)}` : `${tag} is ${shortRef(run, version)}`;
  run.output.result(result, number, [dryRun ? `${said}  (dry run: nothing was changed)` : said]);
  return 0;
}

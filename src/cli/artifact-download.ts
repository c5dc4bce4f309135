/** `artifact download`: the page's own form of `download`. */
import { ArtifoldError } from "../errors.ts";
import type { Run } from "./command.ts";
import { resolveVersion } from "./common.ts";
import { downloadTo } from "./download.ts";

export async function run(run: Run): Promise<number> {
  const name = run.call.text("name");
  if (name === undefined) throw new ArtifoldError("USAGE", "--name is missing");
  const tag = run.call.text("tag");
  const store = await run.open();
  const version = await resolveVersion(run, store, tag === undefined ? name : `${name}:${tag}`);
  return downloadTo(run, store, version, run.call.args[0]);
}

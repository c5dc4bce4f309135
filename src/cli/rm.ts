/** `rm` and `restore`: remove versions, and bring them back. */
import { ArtifoldError } from "../errors.ts";
import { parseRef, type Store, type Version } from "../store/index.ts";
import type { Run } from "./command.ts";
import { confirm, resolveVersion, shortRef, typeFlag } from "./common.ts";
import { formatCount } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, output } = run;
  const address = call.args[0] as string;
  const restores = run.command === "restore";
  const { tag, digest } = parseRef(address);
  const all = call.flag("all-versions");
  if (!all && tag === undefined && digest === undefined) {
    throw new ArtifoldError("USAGE", `${address} names no version`, {
      hint: `Write ${address}:V1, or pass --all-versions.`,
    });
  }
  const store = await run.open();
  const versions = all
    ? await allVersions(run, store, address, restores)
    : [await oneVersion(run, store, address, restores)];
  const what = versions.length === 1 ? shortRef(run, versions[0] as Version) : formatCount(versions.length, "version");
  if (!restores && !(await confirm(run, `Remove ${what}?`))) {
    output.note("nothing was removed");
    return 1;
  }
  const operations: (number | null)[] = [];
  for (const version of call.flag("dry-run") ? [] : versions) {
    operations.push(restores ? await version.restore() : await version.remove());
  }
  const numbers = versions.map((version) => version.version);
  const said = `${what} ${restores ? "restored" : "removed"}${call.flag("dry-run") ? "  (dry run: nothing was changed)" : ""}`;
  output.result({ operation: operations.at(-1) ?? null, operations, versions: numbers }, numbers.join("\n"), [said]);
  return 0;
}

async function oneVersion(run: Run, store: Store, address: string, restores: boolean): Promise<Version> {
  return resolveVersion(run, store, address, { needsTag: true, removed: restores });
}

async function allVersions(run: Run, store: Store, address: string, restores: boolean): Promise<Version[]> {
  const versions: Version[] = [];
  const options = { ...run.context.flags, ...typeFlag(run), removed: restores };
  for await (const version of store.versions(address, options)) versions.push(version);
  return versions;
}

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
  const all = call.flag("all-versions");
  checkAddress(address, all);
  const store = await run.open();
  const versions = all
    ? await allVersions(run, store, address, restores)
    : [await oneVersion(run, store, address, restores)];
  const isDry = call.flag("dry-run");
  if (!restores && !(await confirm(run, `remove ${describe(run, versions)}`))) {
    output.note("nothing was removed");
    return 1;
  }
  const done: Version[] = [];
  const operations: number[] = [];
  for (const version of versions.filter(({ removed }) => removed === restores)) {
    const operation = isDry ? undefined : await (restores ? version.restore() : version.remove());
    // Somebody else did it meanwhile.
    if (operation === null) continue;
    done.push(version);
    if (operation !== undefined) operations.push(operation);
  }
  const numbers = done.map((version) => version.version);
  const said = `${describe(run, done)} ${restores ? "restored" : "removed"}${isDry ? "  (dry run: nothing was changed)" : ""}`;
  output.result({ operation: operations.at(-1) ?? null, operations, versions: numbers }, numbers.join("\n"), [said]);
  return 0;
}

/** One version is named, or all are meant: never both, and never neither. */
function checkAddress(address: string, all: boolean): void {
  const { tag, digest } = parseRef(address);
  const namesOne = tag !== undefined || digest !== undefined;
  if (namesOne && all) {
    throw new ArtifoldError("USAGE", `${address} names one version, and --all-versions means all`, {
      hint: "Leave out the one or the other.",
    });
  }
  if (!namesOne && !all) {
    throw new ArtifoldError("USAGE", `${address} names no version`, {
      hint: `Write ${address}:V1, or pass --all-versions.`,
    });
  }
}

function describe(run: Run, versions: readonly Version[]): string {
  const [only] = versions;
  if (only === undefined) return "nothing";
  return versions.length === 1 ? shortRef(run, only) : formatCount(versions.length, "version");
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

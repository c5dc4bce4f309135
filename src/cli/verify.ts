/** `verify`: reads and checks everything that is stored. */
import { ArtifoldError } from "../errors.ts";
import { parseRef, type Store, type Version } from "../store/index.ts";
import type { VerifyResult } from "../upkeep/index.ts";
import type { Run } from "./command.ts";
import { resolveVersion, typeFlag } from "./common.ts";
import { formatBytes, formatCount, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { call, output, signal } = run;
  const store = await run.open();
  const versions = await chosenVersions(run, store);
  const options = { quick: call.flag("quick"), signal, onProgress: output.onProgress };
  const result = await store.verify(options, versions);
  output.result(result, result.ok ? "ok" : String(result.problems.length), describe(run, result));
  return result.ok ? 0 : 13;
}

/** The versions that are named, or whose team, experiment or type is; `undefined` for the whole store. */
async function chosenVersions(run: Run, store: Store): Promise<Version[] | undefined> {
  const filter = { ...run.context.flags, ...typeFlag(run) };
  if (run.call.args.length > 0) return versionsOf(run, store, run.call.args);
  if (Object.keys(filter).length === 0) return undefined;
  const versions: Version[] = [];
  for await (const { team, experiment, type, name } of store.artifacts(filter)) {
    for await (const each of store.versions(`${team}/${experiment}/${name}`, { type })) versions.push(each);
  }
  if (versions.length > 0) return versions;
  const filtered = Object.entries(filter).map(([kind, value]) => `${kind} ${value}`);
  throw new ArtifoldError("NOT_FOUND", `there is no artifact of ${filtered.join(", ")}`, {
    hint: "`artifold ls` lists what there is.",
  });
}

/** An address without tag means all versions. */
async function versionsOf(run: Run, store: Store, addresses: readonly string[]): Promise<Version[]> {
  const versions: Version[] = [];
  for (const address of addresses) {
    const { tag, digest } = parseRef(address);
    if (tag !== undefined || digest !== undefined) versions.push(await resolveVersion(run, store, address));
    else
      for await (const each of store.versions(address, { ...run.context.flags, ...typeFlag(run) })) versions.push(each);
  }
  return versions;
}

/** More than so many problems are counted, not listed; `--json` has them all. */
const PROBLEMS_SHOWN = 20;

function describe({ output }: Run, result: VerifyResult): string[] {
  const read = `${formatCount(result.versions, "version")}, ${formatBytes(result.checkedBytes)} read`;
  if (result.ok) return [`${output.paint("32", "ok")}  ${read}`];
  const lines = result.problems.slice(0, PROBLEMS_SHOWN).map(({ kind, file, offset, reason, versions }) => {
    const place = file === null ? "" : ` ${safe(file)}${offset === null ? "" : ` at ${offset}`}:`;
    const hits =
      versions.length === 0
        ? ""
        : `; hits ${versions.slice(0, 10).map(safe).join(", ")}${versions.length > 10 ? ` and ${versions.length - 10} more` : ""}`;
    return `${output.paint("31", kind)}${place} ${safe(reason)}${hits}`;
  });
  const more = result.problems.length - lines.length;
  if (more > 0) lines.push(`… and ${formatCount(more, "problem")} more (all of them with --json)`);
  return [...lines, `${formatCount(result.problems.length, "problem")}; ${read}`];
}

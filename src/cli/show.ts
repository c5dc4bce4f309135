/** `show`: tells all about a version. */
import { ArtifoldError } from "../errors.ts";
import { parseRef, type Store, type Version } from "../store/index.ts";
import type { Run } from "./command.ts";
import { resolveVersion, typeFlag } from "./common.ts";
import { type Neighbours, neighbourFacts, neighbourRows, neighboursOf } from "./neighbours.ts";
import { alignColumns, formatBytes, formatCount, formatTime, safe, safeLines } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const store = await run.open();
  const address = run.call.args[0] as string;
  if (run.call.flag("versions")) {
    refuseSelector(address);
    const versions: Version[] = [];
    for await (const version of store.versions(address, { ...run.context.flags, ...typeFlag(run) }))
      versions.push(version);
    run.output.result(
      versions.map((each) => facts(store, each)),
      versions.map((each) => each.version).join("\n"),
      alignColumns(versions.map(row)),
    );
    return 0;
  }
  const version = await resolveVersion(run, store, address);
  const { used, made } = await neighboursOf(store, { version: version.id });
  const lineage = { madeBy: made.map(neighbourFacts), usedBy: used.map(neighbourFacts) };
  run.output.result({ ...facts(store, version), ...lineage }, version.version, describe(run, version, { used, made }));
  return 0;
}

/** All versions are listed whatever one of them is called: who names one wanted something else. */
function refuseSelector(address: string): void {
  const { name, tag, digest } = parseRef(address);
  if (tag === undefined && digest === undefined) return;
  throw new ArtifoldError("USAGE", `${address} names one version, and --versions lists all`, {
    hint: `Leave out --versions, or write ${name} alone.`,
  });
}

/** What --json prints. The run is the one that made it first: its name, null where this store does not have it. */
function facts(store: Store, version: Version): Record<string, unknown> {
  const {
    team,
    experiment,
    type,
    name,
    version: number,
    id,
    digest,
    parent,
    files,
    bytes,
    createdAt,
    createdBy,
  } = version;
  const { run: runId, message, metadata, tags, sameAs, newBytes, entryCount: entries } = version;
  const { published, isComplete: complete } = version;
  return {
    team,
    experiment,
    type,
    name,
    version: number,
    id,
    digest,
    parent,
    files,
    bytes,
    createdAt,
    createdBy,
    run: runId === null ? null : store.nameOfRun(runId),
    runId,
    message,
    metadata,
    tags,
    sameAs,
    newBytes,
    entries,
    published,
    complete,
  };
}

function row(version: Version): string[] {
  const { version: number, createdAt, files, bytes, tags, message } = version;
  return [
    number,
    formatTime(createdAt, "minute"),
    formatCount(files, "file"),
    formatBytes(bytes),
    tags.join(", "),
    safe(message.split("\n")[0] ?? ""),
  ];
}

function describe(run: Run, version: Version, { used, made }: Neighbours): string[] {
  const rows: [string, string][] = [
    ["artifact", version.ref],
    ["type", version.type],
    ["digest", version.digest],
    ["id", version.id],
    [
      "content",
      `${formatCount(version.files, "file")}, ${formatBytes(version.bytes)}; ${formatBytes(version.newBytes)} new${version.isComplete ? "" : "; on a remote, and fetched when it is read"}`,
    ],
    ["created", `${version.createdAt} by ${safe(version.createdBy)}`],
    ["parent", version.parent ?? "none"],
  ];
  if (version.tags.length > 0) rows.push(["tags", version.tags.join(", ")]);
  if (version.sameAs.length > 0) rows.push(["same as", version.sameAs.join(", ")]);
  rows.push(...neighbourRows(run, "made by", made), ...neighbourRows(run, "used by", used));
  if (version.message !== "") rows.push(["message", safeLines(version.message).replaceAll("\n", "\n          ")]);
  for (const [key, value] of Object.entries(version.metadata))
    rows.push([`  ${safe(key)}`, safe(JSON.stringify(value))]);
  return alignColumns(rows);
}

/** `ls`: lists artifacts, or what is in a version. */
import { parseRef, type Store } from "../store/index.ts";
import type { Run } from "./command.ts";
import { resolveVersion, typeFlag } from "./common.ts";
import { alignColumns, formatBytes, safe } from "./text.ts";

/** A row of a listing: what --json prints. */
interface ListedEntry {
  readonly path: string;
  readonly size: number;
  readonly digest: string | null;
  readonly kind: string;
  /** Where a link points. */
  readonly target?: string;
  /** Where the content of a reference is. */
  readonly uri?: string;
}

export async function run(run: Run): Promise<number> {
  const store = await run.open();
  const [address] = run.call.args;
  if (address === undefined) await listArtifacts(run, store);
  else await listVersion(run, store, address);
  return 0;
}

async function listArtifacts(run: Run, store: Store): Promise<void> {
  const artifacts = [];
  const filter = { ...run.context.flags, ...typeFlag(run) };
  for await (const artifact of store.artifacts(filter)) artifacts.push(artifact);
  const rows = artifacts.map(({ team, experiment, type, name, latest, versions }) => [
    type,
    `${team}/${experiment}/${name}`,
    latest,
    `${versions} version${versions === 1 ? "" : "s"}`,
  ]);
  const names = artifacts.map((artifact) => artifact.name).join("\n");
  const text =
    rows.length === 0 ? [(await isEmpty(store)) ? "no artifacts yet" : "no artifact fits"] : alignColumns(rows);
  run.output.result(artifacts, names, text);
}

async function isEmpty(store: Store): Promise<boolean> {
  for await (const _ of store.artifacts()) return false;
  return true;
}

async function listVersion(run: Run, store: Store, address: string): Promise<void> {
  const version = await resolveVersion(run, store, address, { takesPath: true });
  const folder = parseRef(address).path ?? "";
  const recursive = run.call.flag("recursive");
  const entries: ListedEntry[] = [];
  const items = recursive ? version.entries({ folder }) : version.list(folder);
  for await (const { path, size, digest, kind, target, uri } of items) {
    entries.push({
      path,
      size,
      digest,
      kind,
      ...(target !== undefined && { target }),
      ...(uri !== undefined && { uri }),
    });
  }
  const rows = entries.map((entry) => [sizeText(entry), entry.digest?.slice(0, 12) ?? "", pathText(entry)]);
  run.output.result(entries, entries.map((entry) => safe(entry.path)).join("\n"), alignColumns(rows, [0]));
}

/** Of a reference the size may not be known. */
function sizeText({ kind, size }: ListedEntry): string {
  return kind === "reference" && size === 0 ? "?" : formatBytes(size);
}

function pathText({ path, kind, target, uri }: ListedEntry): string {
  const to = target ?? uri;
  return `${safe(path)}${kind === "folder" ? "/" : ""}${to === undefined ? "" : ` -> ${safe(to)}`}`;
}

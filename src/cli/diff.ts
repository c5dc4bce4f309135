/** `diff`: compares two versions, or a version with a folder. */
import path from "node:path";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { parseRef, type Store, type Version } from "../store/index.ts";
import type { Run } from "./command.ts";
import { isFolderOperand, isFolderThere, resolveVersion } from "./common.ts";
import { formatBytes, formatCount, safe } from "./text.ts";

/** A path that differs: what --json prints of it. */
export interface ListedChange {
  readonly path: string;
  readonly size: number;
  readonly digest?: string | null;
  readonly before?: { readonly size: number; readonly digest: string | null };
}

/** What differs. */
export interface Differences {
  readonly added: ListedChange[];
  readonly modified: ListedChange[];
  readonly removed: ListedChange[];
  /** Bytes of what was added and modified. */
  bytes: number;
}

export async function run(run: Run): Promise<number> {
  const [left, right] = run.call.args as [string, string];
  const store = await run.open();
  const version = await unlessFolder(resolveVersion(run, store, left), left, right);
  const differences = isFolderOperand(right)
    ? await withFolder(run, version, right)
    : await withVersion(version, await unlessFolder(resolveOther(run, store, left, right), right, left));
  run.output.result(differences, paths(differences).join("\n"), describeDifferences(run, differences));
  return 0;
}

/** What is no version may have been meant as a folder: then it is said how one is written. */
async function unlessFolder(found: Promise<Version>, operand: string, other: string): Promise<Version> {
  try {
    return await found;
  } catch (error) {
    if (!isArtifoldError(error) || !(isFolderOperand(operand) || isFolderThere(operand))) throw error;
    const { code, message, info } = error;
    const folder = isFolderOperand(operand) ? operand : `./${operand}`;
    throw new ArtifoldError(code, message, {
      cause: error,
      info,
      hint: `A folder comes second and begins with ./, as in \`artifold diff ${other} ${folder}\`.`,
    });
  }
}

/** The second address may leave out what the first one says: `diff sample:V1 :V2`. */
async function resolveOther(run: Run, store: Store, left: string, right: string): Promise<Version> {
  const { team, experiment, name } = parseRef(left);
  const prefix = team === undefined ? name : `${team}/${experiment}/${name}`;
  return resolveVersion(run, store, /^[:@]/.test(right) ? prefix + right : right);
}

async function withFolder(run: Run, version: Version, operand: string): Promise<Differences> {
  const home = run.context.environment["HOME"] ?? "~";
  const folder = path.resolve(run.context.cwd, operand.replace(/^~(?=$|\/)/, home));
  const differences = noDifferences();
  for await (const change of version.diffFolder(folder, { signal: run.signal, onProgress: run.output.onProgress })) {
    differences[change.kind].push({ path: change.path, size: change.size });
    if (change.kind !== "removed") differences.bytes += change.size;
  }
  return differences;
}

async function withVersion(left: Version, right: Version): Promise<Differences> {
  const differences = noDifferences();
  for await (const { path: entryPath, kind, before, after } of left.diff(right)) {
    const size = (after ?? before)?.size ?? 0;
    const digest = (after ?? before)?.digest ?? null;
    const was =
      kind === "modified" && before !== undefined ? { before: { size: before.size, digest: before.digest } } : {};
    differences[kind].push({ path: entryPath, size, digest, ...was });
    if (kind !== "removed") differences.bytes += size;
  }
  return differences;
}

/** No differences yet. */
export function noDifferences(): Differences {
  return { added: [], modified: [], removed: [], bytes: 0 };
}

/** The paths that differ, as -q prints them. */
export function paths({ added, modified, removed }: Differences): string[] {
  return [...added, ...modified, ...removed].map((change) => safe(change.path));
}

/** Differences for people: one line a path, and a sum. */
export function describeDifferences({ output }: Run, { added, modified, removed, bytes }: Differences): string[] {
  const lines = [
    ...added.map((change) => ({
      path: change.path,
      line: output.paint("32", `+ ${safe(change.path)}`),
      size: change.size,
    })),
    ...modified.map((change) => ({
      path: change.path,
      line: output.paint("33", `~ ${safe(change.path)}`),
      size: change.size,
    })),
    ...removed.map((change) => ({
      path: change.path,
      line: output.paint("31", `- ${safe(change.path)}`),
      size: change.size,
    })),
  ];
  lines.sort((one, two) => (one.path < two.path ? -1 : 1));
  if (lines.length === 0) return ["no differences"];
  const sum = `${added.length} added, ${modified.length} modified, ${removed.length} removed; ${formatBytes(bytes)} in what was added or modified`;
  return [
    ...lines.map(({ line, size }) => `${line}  ${formatBytes(size)}`),
    `${formatCount(lines.length, "difference")}: ${sum}`,
  ];
}

/**
 * Compares three things path by path: what a folder holds now, what it was given (base), and what it shall have (target).
 *
 * Where the stat cache is known to agree with the base, only differences are looked at: of the folder from the cache, and
 * of the target from the base. Else all three are gone through entry by entry.
 */
import type { Digest } from "../digest/index.ts";
import { throwIfAborted } from "../errors.ts";
import { comparePaths, diffManifests, type Entry, entrySize, type NodeReader, readEntries } from "../manifest/index.ts";
import { Breather, type FileStat, kindOf } from "../platform/index.ts";
import type { FreshStat } from "./file-columns.ts";
import type { FolderMemory } from "./folder-memory.ts";
import type { PathFilter } from "./globs.ts";
import { type FileToIngest, type Ingest, type Ingested, withContent } from "./ingest.ts";
import { PathCursor } from "./path-cursor.ts";
import type { CachedEntry } from "./run.ts";
import type { Sweep, SweepCounts, Swept } from "./sweep.ts";
import { type LeftOut, PAUSE } from "./walk.ts";

/** What stands at one path in folder, base and target. Paths where all three agree may be left out. */
export interface Compared {
  readonly path: string;
  /** What the folder has, by content; `undefined` for nothing, or for what cannot be an entry's content. */
  readonly local: CachedEntry | undefined;
  /** Whether there is something in the folder that was not compared by content: nobody else has this path, or it differs. */
  readonly isForeign: boolean;
  /** Size of what the folder has; 0 for nothing. */
  readonly size: number;
  readonly base: Entry | undefined;
  readonly target: Entry | undefined;
  /** Whether the stat cache has a row for it. */
  readonly hasRow: boolean;
  /** What was found out of the folder and is not in the stat cache yet; an empty folder has no stat. */
  readonly fresh: { readonly stat: FreshStat | undefined } | undefined;
}

/** What a comparison needs. */
export interface ComparisonOptions {
  readonly sweep: (all: boolean) => Sweep;
  /** What the walk left out of the sweep: complete when the comparison is. */
  readonly leftOut: readonly LeftOut[];
  readonly memory: FolderMemory;
  readonly reader: NodeReader;
  /** What the folder was given, as far as is known. */
  readonly base: Digest | undefined;
  readonly target: Digest;
  /** Paths that are meant; others are as if base and target did not have them. */
  readonly filter: PathFilter | undefined;
  /** Reads local files to know their digests, and stores nothing. */
  readonly ingest: Ingest;
  readonly readLink: (path: string) => string | undefined;
  readonly absolute: (path: string) => string;
  readonly signal?: AbortSignal | undefined;
  readonly onScanned?: (counts: SweepCounts) => void;
}

/** A path on the way to being compared. */
interface Pair {
  readonly path: string;
  readonly base: Entry | undefined;
  readonly target: Entry | undefined;
  readonly swept: Swept | undefined;
}

/** Compares; gives paths in order, in batches. */
export async function* compareFolder(options: ComparisonOptions): AsyncGenerator<readonly Compared[], void, undefined> {
  const pairs = agrees(options) ? changedPairs(options) : allPairs(options);
  for await (const settled of withContent(options.ingest, inBatches(pairs), (pair) => fileToRead(pair, options))) {
    yield settled.map(({ step, result }) => compared(step, result, options));
  }
}

/** Whether the stat cache says of every entry of the base what the folder had of it. */
function agrees({ memory, base, filter }: ComparisonOptions): boolean {
  const { agreement } = memory;
  const isSaid = agreement?.exact === true && agreement.prefix === "" && agreement.manifest === base;
  return filter === undefined && isSaid && memory.isWhole;
}

/** A file needs to be read only when somebody has an entry of its kind and size. */
function fileToRead(pair: Pair, options: ComparisonOptions): FileToIngest | undefined {
  const { swept, path } = pair;
  const stat = swept?.kind === "unknown" ? statOf(swept) : undefined;
  if (stat === undefined || kindOf(stat) !== "file") return undefined;
  const size = stat.size;
  const couldBe = (entry: Entry | undefined): boolean => entry?.kind === "file" && entry.size === size;
  return couldBe(pair.base) || couldBe(pair.target) ? { path, file: options.absolute(path), size } : undefined;
}

function compared(pair: Pair, result: Ingested | undefined, options: ComparisonOptions): Compared {
  const { path, base, target, swept } = pair;
  const hasRow = swept !== undefined && (swept.kind !== "unknown" || swept.before !== undefined);
  if (result?.kind === "failed") throw result.error;
  if (result !== undefined) {
    const { entry: local, stat } = result;
    return { path, local, isForeign: false, size: local.size, base, target, hasRow, fresh: { stat } };
  }
  const local = swept === undefined ? undefined : localEntry(swept, options);
  const isForeign = swept !== undefined && swept.kind !== "gone" && local === undefined;
  const stat = swept?.kind === "unknown" ? statOf(swept) : undefined;
  const size = swept?.kind === "unknown" ? (stat?.size ?? 0) : local === undefined ? 0 : entrySize(local);
  const fresh = swept?.kind === "unknown" && local !== undefined ? { stat } : undefined;
  return { path, local, isForeign, size, base, target, hasRow, fresh };
}

/** The stat of what a sweep that looks at everything found; none of an empty folder. */
function statOf({ found }: Swept & { kind: "unknown" }): FileStat | undefined {
  return found.kind === "seen" ? found.stat : undefined;
}

/** What the folder has, where that is known without reading a file. */
function localEntry(swept: Swept, options: ComparisonOptions): CachedEntry | undefined {
  if (swept.kind === "known") return swept.entry;
  if (swept.kind === "gone") return undefined;
  const { path } = swept;
  const stat = statOf(swept);
  if (stat === undefined) return { path, kind: "folder" };
  if (kindOf(stat) !== "link") return undefined;
  const target = options.readLink(path);
  return target === undefined ? undefined : { path, kind: "link", target };
}

/** Every path that somebody has. */
async function* allPairs(options: ComparisonOptions): AsyncGenerator<Pair, void, undefined> {
  const { reader, base, target, filter } = options;
  const bases = new PathCursor(entriesIn(reader, base, filter));
  const targets = new PathCursor(entriesIn(reader, target, filter));
  for await (const swept of sweptPaths(options, true)) {
    yield* pairsBefore(swept.path, bases, targets);
    yield { path: swept.path, base: bases.takeAt(swept.path), target: targets.takeAt(swept.path), swept };
  }
  yield* pairsBefore(undefined, bases, targets);
}

/** Paths that only manifests have. */
async function* pairsBefore(
  end: string | undefined,
  bases: PathCursor<Entry>,
  targets: PathCursor<Entry>,
): AsyncGenerator<Pair, void, undefined> {
  for (;;) {
    const [base, target] = [await bases.peek(), await targets.peek()];
    const path = smaller(base?.path, target?.path);
    if (path === undefined || (end !== undefined && comparePaths(path, end) >= 0)) return;
    yield { path, base: bases.takeAt(path), target: targets.takeAt(path), swept: undefined };
  }
}

function smaller(left: string | undefined, right: string | undefined): string | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return comparePaths(left, right) <= 0 ? left : right;
}

/** Paths at which the folder is not what the cache says, or the target is not the base. */
async function* changedPairs(options: ComparisonOptions): AsyncGenerator<Pair, void, undefined> {
  const changes = new PathCursor(diffManifests(options.reader, options.base as Digest, options.target));
  for await (const swept of sweptPaths(options, false)) {
    if (!changes.isReady(swept.path)) yield* changesBefore(swept.path, changes);
    const change = changes.takeAt(swept.path);
    const base = change === undefined ? before(swept) : change.before;
    yield { path: swept.path, base, target: change === undefined ? base : change.after, swept };
  }
  yield* changesBefore(undefined, changes);
}

/** What the cache, and so the base, has at a path. */
function before(swept: Swept): Entry | undefined {
  return swept.kind === "known" ? swept.entry : swept.before;
}

/** Paths where only the manifests differ: there the folder has what the base has. */
async function* changesBefore(
  end: string | undefined,
  changes: PathCursor<{ path: string; before: Entry | undefined; after: Entry | undefined }>,
): AsyncGenerator<Pair, void, undefined> {
  for (let change = await changes.nextBefore(end); change !== undefined; change = await changes.nextBefore(end)) {
    const { path, before: base, after: target } = change;
    const isInFolder = base !== undefined && base.kind !== "reference";
    yield { path, base, target, swept: isInFolder ? { kind: "known", path, entry: base } : undefined };
  }
}

/** The entries of a manifest that are meant, in order; none without a manifest. */
export async function* entriesIn(
  reader: NodeReader,
  manifest: Digest | undefined,
  filter: PathFilter | undefined,
): AsyncGenerator<readonly Entry[], void, undefined> {
  if (manifest === undefined) return;
  for await (const batch of readEntries(reader, manifest)) {
    const meant = filter === undefined ? batch : batch.filter((entry) => filter(entry.path));
    if (meant.length > 0) yield meant;
  }
}

async function* sweptPaths(options: ComparisonOptions, all: boolean): AsyncGenerator<Swept, void, undefined> {
  // A small folder passes without a pause, where the signal would be heard.
  throwIfAborted(options.signal);
  const breather = new Breather(options.signal);
  const sweep = options.sweep(all);
  for (const swept of sweep) {
    if (swept !== PAUSE) yield swept;
    else if (breather.due()) {
      options.onScanned?.(sweep.counts);
      await breather.pause();
    }
  }
  options.onScanned?.(sweep.counts);
  throwIfAborted(options.signal);
}

async function* inBatches<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[], void, undefined> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < 256) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

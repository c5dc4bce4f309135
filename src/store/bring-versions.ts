/** Has content of many versions here: what is new in small ones comes together, and is written down together. */
import { formatNumber, type RemoteArtifactRow, type VersionRow } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import { EMPTY_MANIFEST, manifestSums } from "../manifest/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { compileGlobs } from "../worktree/index.ts";
import { bringInto, ChunkWindow } from "./bring.ts";
import { manifestReader } from "./content.ts";
import type { Engine } from "./engine.ts";
import type { LeftOut } from "./left-out.ts";

/** Versions that are fetched together, and raw bytes of what is new in them. */
const BATCH_VERSIONS = 64;
const BATCH_BYTES: number = 32 * 1024 * 1024;
/** Where so many versions of an artifact are damaged, the others are not tried. */
const FAILURES_MAX = 16;

/** A version, and the file or folder of it that is meant: all of it without one. */
export interface ContentOrder {
  readonly named: RemoteArtifactRow;
  readonly version: Digest;
  /** Raw bytes of what is new in it. */
  readonly newBytes: number;
  readonly path: string | undefined;
}

/** The same when its turn comes. */
interface Wanted {
  readonly row: VersionRow;
  readonly path: string | undefined;
}

/** How to bring them. */
export interface BringVersionsOptions extends LongCallOptions {
  /** Keeps what is wrong with those that are damaged. */
  readonly leftOut: LeftOut;
  /** Reads the log of an artifact on. */
  readonly readAgain: (named: RemoteArtifactRow) => Promise<unknown>;
}

/**
 * Has content here that is on a remote only, and writes down of which versions all is here.
 *
 * @param orders of each artifact the older versions first
 * @throws ArtifoldError NO_SPACE, and what remotes say
 */
export async function bringVersions(
  engine: Engine,
  orders: readonly ContentOrder[],
  { leftOut, readAgain, ...options }: BringVersionsOptions,
): Promise<void> {
  // What could not be kept is not fetched.
  if (engine.isReadOnly) await engine.commit(() => undefined);
  const onBytes = tellProgress(orders, options);
  const bring = async (batch: readonly ContentOrder[]): Promise<void> => {
    const wanted = stillWanted(engine, batch);
    await bringBatch(engine, wanted, { signal: options.signal, onBytes });
    const versions = wanted.filter(({ path }) => path === undefined).map(({ row }) => row.version);
    if (versions.length === 0) return;
    await engine.commit(() => ({ changes: [{ change: "whole", versions }] }), options.signal);
  };
  const failures = new Map<Digest, number>();
  const failuresOf = ({ named }: ContentOrder): number => failures.get(named.artifact) ?? 0;
  for (const batch of batchesOf(orders)) {
    if (
      batch.length > 1 &&
      batch.every((order) => failuresOf(order) === 0) &&
      (await isUndamaged(() => bring(batch)))
    ) {
      continue;
    }
    for (const order of batch) {
      if (failuresOf(order) === FAILURES_MAX) continue;
      const isDone = await leftOut.attempt(order.named.artifact, async () => {
        if (await isUndamaged(() => bring([order]))) return true;
        // It may have been removed, and collected, since its log was read.
        await readAgain(order.named);
        await bring([order]);
        return true;
      });
      if (isDone !== true) failures.set(order.named.artifact, failuresOf(order) + 1);
    }
  }
}

async function isUndamaged(action: () => Promise<void>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (!isArtifoldError(error, "DAMAGED")) throw error;
    return false;
  }
}

function stillWanted({ catalog }: Engine, batch: readonly ContentOrder[]): Wanted[] {
  return batch.flatMap(({ version, path }) => {
    const row = catalog.versionById(version);
    return row === undefined || row.removed || row.elsewhere === null ? [] : [{ row, path }];
  });
}

interface BatchOptions {
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number, path: string) => void;
}

async function bringBatch(engine: Engine, batch: readonly Wanted[], { signal, onBytes }: BatchOptions): Promise<void> {
  const { source } = engine;
  const loss = await source.keeping(async () => {
    const roots = batch.map(({ row }) => row.manifest).filter((digest) => digest !== EMPTY_MANIFEST);
    await source.prefetch(roots.map((digest) => ({ digest, type: "manifestNode" })));
    const window = new ChunkWindow(source, signal);
    for (const [at, { row, path }] of batch.entries()) {
      await checkSums(engine, row);
      const base = baseOf(engine, row, batch.slice(0, at));
      const filter = path === undefined ? undefined : compileGlobs([path, `${path}/**`]);
      await bringInto(window, row.manifest, { base, filter, signal, onBytes });
    }
    await window.flush();
  });
  if (loss !== undefined) throw loss.reason;
}

function* batchesOf(orders: readonly ContentOrder[]): Generator<readonly ContentOrder[], void, undefined> {
  let batch: ContentOrder[] = [];
  let bytes = 0;
  for (const order of orders) {
    if (batch.length === BATCH_VERSIONS || (batch.length > 0 && bytes + order.newBytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(order);
    bytes += order.newBytes;
  }
  if (batch.length > 0) yield batch;
}

/** The newest version before one all of whose content is here, or comes with it. */
function baseOf(
  { catalog }: Engine,
  { artifactRow, number }: VersionRow,
  before: readonly Wanted[],
): Digest | undefined {
  const coming = before.findLast(({ row, path }) => row.artifactRow === artifactRow && path === undefined)?.row;
  const here = catalog.versions(artifactRow, { below: number, limit: 64 }).find(({ elsewhere }) => elsewhere === null);
  return (coming?.number ?? 0) > (here?.number ?? 0) ? coming?.manifest : here?.manifest;
}

/** What a log says of a version's size is what its manifest says. @throws ArtifoldError DAMAGED */
async function checkSums(engine: Engine, { version, number, manifest, ...told }: VersionRow): Promise<void> {
  const sums = await manifestSums(manifestReader(engine.source), manifest);
  if (sums.entries === told.entries && sums.files === told.files && sums.bytes === told.bytes) return;
  throw new ArtifoldError("DAMAGED", `${formatNumber(number)} is not as large as its log says`, { info: { version } });
}

function tellProgress(
  orders: readonly ContentOrder[],
  { onProgress }: LongCallOptions,
): (bytes: number, path: string) => void {
  const bytesTotal = orders.reduce((sum, { newBytes }) => sum + newBytes, 0);
  const progress = { files: 0, bytes: 0 };
  return (more, path) => {
    progress.files++;
    progress.bytes += more;
    const total = progress.bytes <= bytesTotal ? { bytesTotal } : {};
    onProgress?.({ phase: "fetch", ...progress, ...total, path });
  };
}

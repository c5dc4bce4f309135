/**
 * The index of a remote, being asked: small runs are read whole, of large ones what tells where to look, and then pages.
 *
 * What it says is from one moment. Who relies on it reads the tombstones before (docs/design/009-gc-of-a-remote.md).
 */
import { type Digest, digestToBytes } from "../digest/index.ts";
import { type IndexPosition, keyNumber, type PackName, parseKeyNumber, type RemotePlace } from "../logs/index.ts";
import { Decoder, Encoder, readExtras, writeExtras } from "../manifest/index.ts";
import { sideBySide } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { decodedAt } from "./decoded-at.ts";
import { checkRun } from "./index-run.ts";
import { runKey, runOfKey, runsUpTo } from "./index-tail.ts";
import { type DigestRange, LoadedRun } from "./loaded-run.ts";

/** Reads under way at once. */
const READS_AHEAD = 8;
/** How often the index may be exchanged while it is read. */
const TRIES_MAX = 5;
const WHOLE_KIND = 11;
const PARTS_MAX = 65_536;
/** How a part's first digest is told: by so many bytes. */
const FIRST_BYTES = 8;

/** What the keys of runs begin with. */
const RUNS_PREFIX = "x/";
/** What the keys of the index that a gc left begin with. */
export const BASE_PREFIX = "y/";

/** A part of the index that a gc left. */
export interface BasePart {
  readonly rows: number;
  /** The first 8 bytes of its first row. */
  readonly first: Uint8Array;
}

/** The key of a part, or of what says that all parts are there. */
export function baseKey(epoch: number, part: number | "whole"): string {
  return `${BASE_PREFIX}${keyNumber(epoch)}/${part === "whole" ? part : keyNumber(part)}`;
}

/** What says that all parts are there. */
export function encodeBase(parts: readonly BasePart[]): Uint8Array {
  const encoder = new Encoder(64);
  encoder.array(3);
  encoder.uint(WHOLE_KIND);
  encoder.array(parts.length);
  for (const { rows, first } of parts) {
    encoder.array(2);
    encoder.uint(rows);
    encoder.binary(first);
  }
  writeExtras(encoder, undefined);
  return encoder.bytes();
}

/** Reads it. @throws ArtifoldError DAMAGED */
export function decodeBase(bytes: Uint8Array): BasePart[] {
  const decoder = new Decoder(bytes, "index of a remote");
  decoder.arrayOf(3);
  if (decoder.uint() !== WHOLE_KIND) decoder.fail("another kind of record");
  const count = decoder.array();
  if (count > PARTS_MAX) decoder.fail("too many parts");
  const parts = Array.from({ length: count }, () => {
    decoder.arrayOf(2);
    return { rows: decoder.uint(), first: Uint8Array.from(decoder.binaryOf(FIRST_BYTES)) };
  });
  readExtras(decoder);
  decoder.finish();
  return parts;
}

/** What reads all of a key of the index, and throws DAMAGED for what no writer made; `undefined` for another key. */
export function indexDecoder(key: string): ((bytes: Uint8Array) => unknown) | undefined {
  if (runOfKey(key) !== undefined) return checkRun;
  const [, epoch = "", part = ""] = /^y\/([^/]+)\/([^/]+)$/.exec(key) ?? [];
  if (parseKeyNumber(epoch) === undefined) return undefined;
  if (part === "whole") return decodeBase;
  return parseKeyNumber(part) === undefined ? undefined : checkRun;
}

/** A run to ask, and which digests it may have. */
interface RunToAsk {
  readonly key: string;
  readonly range?: DigestRange;
}

/** The index of a remote at one moment. */
export class RemoteIndex {
  /** Where the index of the highest epoch ends. */
  readonly position: IndexPosition;
  readonly #runs: readonly LoadedRun[];

  private constructor(position: IndexPosition, runs: readonly LoadedRun[]) {
    this.position = position;
    this.#runs = runs;
  }

  /**
   * Finds out which runs there are.
   *
   * @param known where the index was once: of that epoch, runs before it are not listed
   */
  static async open(remote: Remote, known: IndexPosition | undefined, call: RemoteCallOptions): Promise<RemoteIndex> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const live = await liveRuns(remote, known, call);
      if (live === undefined) continue;
      const runs = live.runs.map(({ key, range }) => new LoadedRun(remote, key, call, range));
      return new RemoteIndex(live.position, runs);
    }
    // What is not found is sent again, or looked for elsewhere: nothing is lost.
    return new RemoteIndex({ epoch: 0, slot: 0 }, []);
  }

  /**
   * Where objects lie, of those that the index has.
   *
   * @param isDoomed places that nobody may rely on
   */
  async find(
    digests: Iterable<Digest>,
    isDoomed: (pack: PackName, digest: Digest) => boolean = () => false,
  ): Promise<Map<Digest, RemotePlace>> {
    const found = new Map<Digest, RemotePlace>();
    const wanted = [...digests].map((digest) => ({ digest, bytes: Buffer.from(digestToBytes(digest)) }));
    for await (const rows of sideBySide(this.#runs, READS_AHEAD, (run) => run.find(wanted))) {
      for (const { digest, row } of rows) {
        if (isDoomed(row.pack, digest) || found.has(digest)) continue;
        const { pack, offset, length, index } = row;
        found.set(digest, { pack, offset, length, index, extra: 0 });
      }
    }
    return found;
  }
}

/** The runs that count; `undefined` when they were exchanged meanwhile. */
async function liveRuns(
  remote: Remote,
  known: IndexPosition | undefined,
  call: RemoteCallOptions,
): Promise<{ readonly position: IndexPosition; readonly runs: readonly RunToAsk[] } | undefined> {
  const [base, near] = await Promise.all([baseEpoch(remote, call), lastSlots(remote, known, call)]);
  // Until a gc has told what is left, runs of epochs before its own count too.
  const lasts = base < (known?.epoch ?? 0) ? await lastSlots(remote, undefined, call) : near;
  const runs: RunToAsk[] = [];
  let position: IndexPosition = { epoch: base, slot: 0 };
  for (const [epoch, slot] of lasts) {
    if (epoch < base) continue;
    const live = await runsUpTo(remote, epoch, slot, call);
    if (live === undefined) return undefined;
    runs.push(...live.map((run) => ({ key: runKey(epoch, run.slot) })));
    position = { epoch, slot };
  }
  if (base > 0) {
    const parts = await baseRuns(remote, base, call);
    if (parts === undefined) return undefined;
    runs.push(...parts);
  }
  return { position, runs };
}

/** The highest epoch whose gc left a whole index; 0 where none did. */
async function baseEpoch(remote: Remote, call: RemoteCallOptions): Promise<number> {
  let highest = 0;
  for await (const { key } of remote.list(BASE_PREFIX, undefined, call)) {
    const [, epoch, part] = key.split("/");
    if (part === "whole") highest = Math.max(highest, parseKeyNumber(epoch ?? "") ?? 0);
  }
  return highest;
}

/** The last slot of each epoch, in order. */
async function lastSlots(
  remote: Remote,
  known: IndexPosition | undefined,
  call: RemoteCallOptions,
): Promise<Map<number, number>> {
  const lasts = new Map<number, number>();
  const after = known === undefined || known.slot < 2 ? undefined : runKey(known.epoch, known.slot - 1);
  for await (const { key } of remote.list(RUNS_PREFIX, after, call)) {
    const run = runOfKey(key);
    if (run !== undefined) lasts.set(run.epoch, run.slot);
  }
  // What is known may be a hint of somebody who lied: then nothing stands there.
  return lasts.size === 0 && after !== undefined ? lastSlots(remote, undefined, call) : lasts;
}

async function baseRuns(remote: Remote, epoch: number, call: RemoteCallOptions): Promise<RunToAsk[] | undefined> {
  const bytes = await remote.read(baseKey(epoch, "whole"), undefined, call);
  if (bytes === undefined) return undefined;
  const parts = decodedAt(remote, baseKey(epoch, "whole"), () => decodeBase(bytes));
  return parts.map(({ first }, part) => {
    const next = parts[part + 1]?.first;
    const range = { from: Buffer.from(first), before: next && Buffer.from(next) };
    return { key: baseKey(epoch, part), range };
  });
}

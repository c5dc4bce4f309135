/** Looks for objects on a remote that a push may rely on: tombstones are read before the index (ground c of note 009). */
import type { Digest } from "../digest/index.ts";
import {
  decodeTombstones,
  epochOfTombstones,
  type IndexPosition,
  type PackName,
  type RemotePlace,
  TOMBSTONES_PREFIX,
} from "../logs/index.ts";
import { sideBySide } from "../platform/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { decodedAt } from "./decoded-at.ts";
import { RemoteIndex } from "./remote-index.ts";
import type { SoundPacks } from "./sound-packs.ts";

/** So much is sent without asking first: to send a little twice costs less than to ask for it. */
const UNASKED_BYTES: number = 96 * 1024;
const READS_AHEAD = 8;

/** All packs that tombstones name. */
export async function readTombstones(remote: Remote, call: RemoteCallOptions): Promise<Set<PackName>> {
  const keys: string[] = [];
  for await (const { key } of remote.list(TOMBSTONES_PREFIX, undefined, call)) {
    if (epochOfTombstones(key) !== undefined) keys.push(key);
  }
  const doomed = new Set<PackName>();
  for await (const packs of sideBySide(keys, READS_AHEAD, (key) => readTombstonesAt(remote, key, call))) {
    for (const pack of packs) doomed.add(pack);
  }
  return doomed;
}

/** The packs that one key names; none where it is gone, which it is after its packs. @throws ArtifoldError DAMAGED */
export async function readTombstonesAt(remote: Remote, key: string, call: RemoteCallOptions): Promise<PackName[]> {
  const bytes = await remote.read(key, undefined, call);
  return bytes === undefined ? [] : decodedAt(remote, key, () => decodeTombstones(bytes));
}

/** What is on a remote, as it was after the last fence that was read. */
export class FoundThere {
  readonly #remote: Remote;
  readonly #known: IndexPosition | undefined;
  readonly #call: RemoteCallOptions;
  readonly #sound: SoundPacks | undefined;
  #tombstones: Promise<Set<PackName>> | undefined;
  #index: Promise<RemoteIndex> | undefined;
  #unasked = UNASKED_BYTES;

  /**
   * @param known where the index was once
   * @param sound has the packs looked at before they are relied on
   */
  constructor(remote: Remote, known: IndexPosition | undefined, call: RemoteCallOptions, sound?: SoundPacks) {
    this.#remote = remote;
    this.#known = known;
    this.#call = call;
    this.#sound = sound;
  }

  /** Packs that nobody may rely on. */
  tombstones(): Promise<Set<PackName>> {
    this.#tombstones ??= readTombstones(this.#remote, this.#call);
    return this.#tombstones;
  }

  /** Where objects lie. A few that are not much together are taken to be absent, unless the index is at hand. */
  async find(digests: readonly Digest[], rawBytes: number): Promise<Map<Digest, RemotePlace>> {
    if (this.#sound === undefined && this.#index === undefined && rawBytes <= this.#unasked) {
      this.#unasked -= rawBytes;
      return new Map();
    }
    const doomed = await this.tombstones();
    this.#index ??= RemoteIndex.open(this.#remote, this.#known, this.#call);
    const index = await this.#index;
    for (;;) {
      const found = await index.find(digests, (pack) => doomed.has(pack) || this.#sound?.isUnsound(pack) === true);
      // Where a pack is not sound, another one may have the same.
      if ((await this.#sound?.look([...found.values()].map(({ pack }) => pack))) !== false) return found;
    }
  }
}

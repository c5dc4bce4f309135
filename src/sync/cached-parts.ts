/** Parts of logs that are kept in the store's cache, for one remote: a checkpoint is made of them without reading them back. */
import type { HintCache } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";

/** Slots (level 0) and checkpoints as they were written, by the digest of the last step in them. What is lost of it is read again. */
export interface PartMemory {
  get(last: Digest, level: number): Uint8Array | undefined;
  remember(last: Digest, level: number, bytes: Uint8Array): void;
  forget(last: Digest, level: number): void;
}

/** A memory that remembers nothing. */
export const noParts: PartMemory = { get: () => undefined, remember: () => {}, forget: () => {} };

/** The parts of a remote's logs, by its id. */
export function cachedParts(cache: HintCache, remote: Digest): PartMemory {
  return {
    get: (last, level) => cache.get(remote, last, `part${level}`),
    remember: (last, level, bytes) => cache.set(remote, last, `part${level}`, bytes),
    forget: (last, level) => cache.remove(remote, last, `part${level}`),
  };
}

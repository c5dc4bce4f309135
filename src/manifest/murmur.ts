/**
 * MurmurHash3, x86, 32 bits (Austin Appleby, 2011, public domain), which decides where nodes of a manifest begin.
 *
 * A cryptographic hash would give no more safety here (whoever chooses the paths can try paths until the rule fits,
 * under any public rule; hard limits hold the worst case) and costs tens of times as much for each path: see
 * docs/design/001-node-boundaries.md.
 */

/** Hash of `bytes[from..to)`. */
export function murmur3(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let hash = seed | 0;
  const lastBlock = from + ((to - from) & ~3);
  for (let at = from; at < lastBlock; at += 4) {
    const block =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = to - 1; at >= lastBlock; at--) tail = (tail << 8) | (bytes[at] as number);
  if (lastBlock < to) hash ^= scramble(tail);
  hash ^= to - from;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

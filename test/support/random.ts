/** Bytes that look random and are the same in every run for the same seed (xorshift32). */
export function randomBytesOf(seed: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = (seed | 0) === 0 ? 0x9e3779b9 : seed | 0;
  for (let at = 0; at < length; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
    if (at + 1 < length) bytes[at + 1] = state >>> 8;
    if (at + 2 < length) bytes[at + 2] = state >>> 16;
    if (at + 3 < length) bytes[at + 3] = state >>> 24;
  }
  return bytes;
}

/** Numbers that look random, below what is asked for each time, and are the same for a seed. */
export function seeded(seed: number): (most: number) => number {
  const words = new DataView(randomBytesOf(seed * 7919 + 1, 4096).buffer);
  let at = 0;
  return (most) => {
    at = (at + 4) % 4092;
    return words.getUint32(at, true) % most;
  };
}

/** Bytes, numbers and text that a seed decides: the same seed makes the same corpus everywhere. */
import { createCipheriv, createHash } from "node:crypto";

const NO_IV = Buffer.alloc(16);
const BLOCK_BYTES = 1 << 20;
const zeros = Buffer.alloc(BLOCK_BYTES);
const VOCABULARY = 4096;

/** Bytes without any pattern: no tool can compress them, and no two seeds share a chunk. */
export function randomBytes(seed, length) {
  const stream = randomStream(seed);
  if (length <= BLOCK_BYTES) return stream(length);
  const parts = [];
  for (let left = length; left > 0; left -= BLOCK_BYTES) parts.push(stream(Math.min(left, BLOCK_BYTES)));
  return Buffer.concat(parts);
}

/** The same bytes in blocks of at most 1 MiB, for what does not fit into memory. */
export function* randomBlocks(seed, length) {
  const stream = randomStream(seed);
  for (let left = length; left > 0; left -= BLOCK_BYTES) yield stream(Math.min(left, BLOCK_BYTES));
}

function randomStream(seed) {
  const key = createHash("sha256").update(seed).digest().subarray(0, 16);
  // A stream cipher over zeros: as fast as the disk and the same on every machine.
  const cipher = createCipheriv("aes-128-ctr", key, NO_IV);
  return (length) => cipher.update(length === BLOCK_BYTES ? zeros : zeros.subarray(0, length));
}

/** Numbers from 0 up to, but not including, 1. */
export function randomNumbers(seed) {
  let state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A size from a log-normal distribution, as the files of real folders have: many small ones, few big ones. */
export function logNormalSize(random, mean) {
  const spread = 1;
  const gauss = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.max(1, Math.round(Math.exp(Math.log(mean) - (spread * spread) / 2 + spread * gauss)));
}

const words = [];
const wordAt = new Uint16Array(1 << 16);

/** Words as often as in a natural text: the n-th most frequent one 1/n as often as the first. */
export function randomWords(random) {
  if (words.length === 0) makeVocabulary();
  return () => words[wordAt[Math.floor(random() * wordAt.length)]];
}

function makeVocabulary() {
  const random = randomNumbers("vocabulary");
  const letters = "etaoinshrdlucmfwypvbgkjqxz";
  let total = 0;
  for (let rank = 1; rank <= VOCABULARY; rank++) {
    const length = 2 + Math.floor(random() * 8);
    words.push(Array.from({ length }, () => letters[Math.floor(random() ** 2 * letters.length)]).join(""));
    total += 1 / rank;
  }
  let sum = 0;
  let at = 0;
  for (let rank = 1; rank <= VOCABULARY; rank++) {
    sum += 1 / rank;
    while (at < wordAt.length && at < (sum / total) * wordAt.length) wordAt[at++] = rank - 1;
  }
}

/** Text of such words, exactly `length` bytes. */
export function randomText(seed, length) {
  const nextWord = randomWords(randomNumbers(seed));
  const text = [];
  let size = 0;
  while (size < length) {
    const word = nextWord();
    text.push(word);
    size += word.length + 1;
  }
  return Buffer.from(text.join(" ").padEnd(length, "\n").slice(0, length), "latin1");
}

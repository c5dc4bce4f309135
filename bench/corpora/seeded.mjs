/**
 * Bytes, numbers and words that a seed decides, the same on every machine: nothing here but whole numbers, and of floating
 * point only what IEEE 754 fixes to the last bit. Math.exp, log and pow are not fixed, and are not used.
 */
import { createCipheriv, createHash } from "node:crypto";

const NO_IV = Buffer.alloc(16);
const BLOCK_BYTES = 1 << 20;
const zeros = Buffer.alloc(BLOCK_BYTES);

/** Bytes without any pattern, in blocks of at most 1 MiB: AES-128 in counter mode over zeros, keyed by the seed. */
export function* randomBlocks(seed, length) {
  const cipher = createCipheriv("aes-128-ctr", seedBytes(seed).subarray(0, 16), NO_IV);
  for (let left = length; left > 0; left -= BLOCK_BYTES)
    yield cipher.update(zeros.subarray(0, Math.min(left, BLOCK_BYTES)));
}

/** The same bytes in one piece. */
export function randomBytes(seed, length) {
  return Buffer.concat([...randomBlocks(seed, length)]);
}

/** Numbers of 32 bits: the generator sfc32 (C. Doty-Humphrey, PractRand), with a state of 128 bits from the seed. */
export function randomIntegers(seed) {
  const state = seedBytes(seed);
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => state.readUInt32LE(at));
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}

/** Numbers from 0 up to, but not including, 1. */
export function randomNumbers(seed) {
  const next = randomIntegers(seed);
  return () => next() / 2 ** 32;
}

/** Sizes as the files of real folders have them, many small and few big: log-normal, sigma 1. @param mean in bytes */
export function logNormalSizes(seed, mean) {
  const number = randomNumbers(seed);
  return () => {
    // Twelve even numbers added up are close to a normal distribution of variance 1.
    let normal = -6;
    for (let each = 0; each < 12; each++) normal += number();
    return Math.max(1, Math.round(mean * exp(normal - 0.5)));
  };
}

const VOCABULARY = 50_000;
const EXPONENT = 1.3;
const SLOTS = 1 << 20;
let words;

/** Fills buffers with words as frequent as in a natural text: the n-th most frequent one n^-1.3 times as often as the first. */
export function wordFiller(seed) {
  words ??= makeWords();
  const next = randomIntegers(seed);
  const { bytes, starts, slots } = words;
  /** Ends in the middle of a word where the buffer does. */
  return (target) => {
    for (let at = 0; at < target.length; ) {
      const word = slots[next() >>> 12];
      const end = Math.min(starts[word + 1], starts[word] + target.length - at);
      for (let from = starts[word]; from < end; from++) target[at++] = bytes[from];
    }
    return target;
  };
}

/** Words of that vocabulary, one a call. */
export function wordPicker(seed) {
  words ??= makeWords();
  const next = randomIntegers(seed);
  return () => words.texts[words.slots[next() >>> 12]];
}

/** Every word with the space after it, one after another; and for each of 2^20 equal parts of chance, the word it means. */
function makeWords() {
  const next = randomIntegers("vocabulary");
  const letters =
    "eeeeeeeeeeeetttttttttaaaaaaaaooooooooiiiiiiinnnnnnnsssssshhhhhhrrrrrrddddlllluuucccmmmwwffggyyppbbvkjxqz";
  const texts = Array.from({ length: VOCABULARY }, () => {
    const length = 2 + (next() % 5) + (next() % 5);
    return Array.from({ length }, () => letters[next() % letters.length]).join("");
  });
  const bytes = Buffer.from(`${texts.join(" ")} `, "latin1");
  const starts = new Uint32Array(VOCABULARY + 1);
  for (const [word, text] of texts.entries()) starts[word + 1] = starts[word] + text.length + 1;
  return { bytes, starts, slots: zipfSlots(), texts };
}

function zipfSlots() {
  const weights = Float64Array.from({ length: VOCABULARY }, (_, word) => exp(-EXPONENT * log(word + 1)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const slots = new Uint16Array(SLOTS);
  let sum = 0;
  let at = 0;
  for (let word = 0; word < VOCABULARY; word++) {
    sum += weights[word];
    while (at < SLOTS && (at + 0.5) * total < sum * SLOTS) slots[at++] = word;
  }
  return slots.fill(VOCABULARY - 1, at);
}

/** e^x by halving x until few terms of the series do. */
function exp(x) {
  let halvings = 0;
  let small = x;
  for (; Math.abs(small) > 0.125; small /= 2) halvings++;
  let power = 1;
  for (let term = 12; term > 0; term--) power = 1 + (power * small) / term;
  for (; halvings > 0; halvings--) power *= power;
  return power;
}

/** The natural logarithm, by Newton's method on `exp`. */
function log(x) {
  let guess = 0;
  for (let rest = x; rest > 2; rest /= 2) guess += Math.LN2;
  for (let round = 0; round < 6; round++) guess += (2 * (x - exp(guess))) / (x + exp(guess));
  return guess;
}

function seedBytes(seed) {
  return createHash("sha256").update(seed).digest();
}

/** Longest key, in characters: what every place can hold as a path. */
export const KEY_LENGTH_MAX = 240;

const KEY = /^[a-z0-9]+(\/[a-z0-9]+)*$/;

/**
 * What is wrong with a key; `undefined` when nothing is.
 *
 * Keys are lower-case words, hex and numbers, joined by "/": a name that a file system that folds case, a bucket and a URL
 * all keep as it is. What users name never becomes a key.
 */
export function keyProblem(key: string): string | undefined {
  if (key.length > KEY_LENGTH_MAX) return `it is longer than ${KEY_LENGTH_MAX} characters`;
  return KEY.test(key) ? undefined : "a key is made of a-z and 0-9, in parts joined by /";
}

/** What is wrong with the beginning of a key, which may be empty or end in "/"; `undefined` when nothing is. */
export function prefixProblem(prefix: string): string | undefined {
  return prefix === "" ? undefined : keyProblem(prefix.endsWith("/") ? `${prefix.slice(0, -1)}` : prefix);
}

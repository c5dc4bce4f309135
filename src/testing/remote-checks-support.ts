/** What the checks of remotes say and compare with. */
import type { Remote } from "../remote/index.ts";

/** A check as it is written: with two connections to the place, which are closed behind it. */
export interface PairCheck {
  readonly name: string;
  check(remote: Remote, other: Remote): Promise<void>;
}

/** A text as bytes. */
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Bytes in which no piece is like another, so that one that lands in the wrong place is noticed. */
export function bytesOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= length; at += 4) words.setUint32(at, Math.imul(at + 1, 0x9e3779b1) >>> 0);
  return bytes;
}

/** The keys of a list with their sizes, as one line. */
export async function keys(remote: Remote, prefix: string, after?: string): Promise<string> {
  const found: string[] = [];
  for await (const { key, size } of remote.list(prefix, after)) found.push(`${key}:${size}`);
  return found.join(" ");
}

/** Calls with each of the items, so many at once. */
export async function eachOf<Item>(items: Iterable<Item>, call: (item: Item) => Promise<unknown>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await call(next.value);
  };
  await Promise.all(Array.from({ length: 32 }, work));
}

/** What a call rejects with; it is a failure of the check if it does not. */
export async function rejection(call: () => Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await call();
  } catch (error) {
    return error;
  }
  throw new Error(`${what}: gave ${show(value)} instead of an error`);
}

/** Throws unless what is, is what should be. */
export function equal(is: unknown, should: unknown, what: string): void {
  if (is instanceof Uint8Array && should instanceof Uint8Array && Buffer.compare(is, should) === 0) return;
  const [shownIs, shownShould] = [show(is), show(should)];
  if (shownIs !== shownShould) throw new Error(`${what}: ${shownIs} instead of ${shownShould}`);
}

function show(value: unknown): string {
  if (!(value instanceof Uint8Array)) return JSON.stringify(value) ?? "undefined";
  const begin = [...value.subarray(0, 16)].join(",");
  return `${value.length} bytes ${begin}${value.length > 16 ? ",…" : ""}`;
}

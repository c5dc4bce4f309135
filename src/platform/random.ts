/** Randomness for names and nonces; never a source of secrets' format. */
import { randomBytes as nodeRandomBytes } from "node:crypto";

/** Cryptographically random bytes. */
export function randomBytes(count: number): Uint8Array {
  return nodeRandomBytes(count);
}

/** Random bytes as twice as many hex digits. */
export function randomHex(count: number): string {
  return nodeRandomBytes(count).toString("hex");
}

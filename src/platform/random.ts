/** Randomness for names, nonces and secrets. */
import fs from "node:fs";

/** Where Linux, macOS and the BSDs give out what their kernel holds for random. */
const DEVICE = "/dev/urandom";

/** So many bytes are read from there at once: a download names a file with some of them a hundred thousand times. */
const POOL_BYTES = 1024;

let pool: Buffer = Buffer.alloc(0);

/**
 * Cryptographically random bytes, from where node:crypto has them. It is asked itself where there is no such place only: to load
 * it takes as long as all that a short command does.
 */
export function randomBytes(count: number): Uint8Array {
  // A copy: what lies beside them is for others, and goes along where the memory of these is handed on.
  return Uint8Array.from(take(count));
}

/** Random bytes as twice as many hex digits. */
export function randomHex(count: number): string {
  return take(count).toString("hex");
}

function take(count: number): Buffer {
  if (count > POOL_BYTES) return moreBytes(count);
  if (pool.length < count) pool = moreBytes(POOL_BYTES);
  const taken = pool.subarray(0, count);
  pool = pool.subarray(count);
  return taken;
}

function moreBytes(count: number): Buffer {
  return readDevice(count) ?? process.getBuiltinModule("node:crypto").randomBytes(count);
}

/** @returns undefined where there is no such device: on Windows, and in a root folder without one */
function readDevice(count: number): Buffer | undefined {
  let device: number;
  try {
    device = fs.openSync(DEVICE, "r");
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(count);
    const isWhole = fs.fstatSync(device).isCharacterDevice() && fs.readSync(device, bytes) === count;
    return isWhole ? bytes : undefined;
  } catch {
    return undefined;
  } finally {
    fs.closeSync(device);
  }
}

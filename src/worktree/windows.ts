/**
 * Windows: pieces of shared memory into which content is read, and which whichever thread is free works on.
 *
 * There are only so many, and whoever wants to read waits for one: that bounds memory, whatever is read.
 */
import { CHUNK_MAX_BYTES, CHUNKER_BYTES, makeSharedMemory, type SharedMemory } from "../chunking/index.ts";

/** Bytes of a window. */
export const WINDOW_BYTES: number = 4 * 1024 * 1024;
/** How far windows of long content are apart: each chunk that begins before the next one does lies in it whole. */
export const WINDOW_STEP_BYTES: number = WINDOW_BYTES - CHUNK_MAX_BYTES;

/** A window that somebody has for a while. */
export interface Window {
  readonly number: number;
  readonly bytes: Buffer;
}

/** Where a window begins in the memory. */
export function windowAddress(number: number): number {
  return CHUNKER_BYTES + number * WINDOW_BYTES;
}

/** The bytes of a window. */
export function windowBytes(memory: SharedMemory, number: number): Buffer {
  return Buffer.from(memory.buffer, windowAddress(number), WINDOW_BYTES);
}

/** All windows of one store. */
export class Windows {
  readonly memory: SharedMemory;
  readonly #free: Window[] = [];
  readonly #waiting: ((window: Window) => void)[] = [];

  constructor(count: number) {
    this.memory = makeSharedMemory(count * WINDOW_BYTES);
    for (let number = count - 1; number >= 0; number--) {
      this.#free.push({ number, bytes: windowBytes(this.memory, number) });
    }
  }

  /** Gives a window when one is free, in the order in which they are asked for. */
  take(): Promise<Window> {
    const window = this.#free.pop();
    if (window !== undefined) return Promise.resolve(window);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Does something with a window that fails with it: then nobody needs the window any more. */
  async within<Result>(window: Window, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      this.giveBack(window);
      throw error;
    }
  }

  /** Gives a window back. Nobody may read it then. */
  giveBack(window: Window): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(window);
    else next(window);
  }
}

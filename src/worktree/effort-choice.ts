/** How thoroughly new content is compressed. */
import type { ComparedLengths, FrameEffort } from "../objects/index.ts";

/**
 * So much of what is new may be compressed thoroughly: a second or so of one core is well spent on it. What takes the place of
 * something older is not: it is little, will change again, and somebody waits for it each time.
 */
const THOROUGH_BYTES: number = 256 * 1024 * 1024;
/** Thorough compression takes twice the time: it is worth that where it saves at least this part. */
const WORTHWHILE = 1 / 32;
/** One in so many parts is compressed both ways, to know; none of the first, for in a small upload nothing would follow it. */
const COMPARED_ONE_IN = 16;
const COMPARED_FROM = 3;

/**
 * Chooses for part after part of an upload. Words and JSON take a twentieth less when they are compressed thoroughly, logs and
 * source code a fortieth or nothing: the content tells, in a part of it that is tried both ways.
 */
export class EffortChoice {
  #parts = 0;
  #bytes = 0;
  #isWorthwhile = true;

  /** @param bytes of the part that is compressed next */
  next(bytes: number): FrameEffort {
    if (this.#bytes >= THOROUGH_BYTES) return "normal";
    this.#bytes += bytes;
    if (this.#parts++ % COMPARED_ONE_IN === COMPARED_FROM) return "compared";
    return this.#isWorthwhile ? "high" : "normal";
  }

  /** Tells what came of a part that was tried both ways. */
  learn({ normal, high }: ComparedLengths): void {
    if (normal > 0) this.#isWorthwhile = high <= normal * (1 - WORTHWHILE);
  }
}

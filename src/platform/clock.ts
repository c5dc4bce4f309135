/** The clock port. Clocks decide what is shown, never what is kept. */
export interface Clock {
  /** Milliseconds since 1970, as a whole number. */
  now(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now() };

/**
 * Milliseconds since some moment, by a clock that nobody sets: for how long something takes. As `performance.now()`, whose module
 * would be loaded for it.
 */
export function monotonicNow(): number {
  return process.uptime() * 1000;
}

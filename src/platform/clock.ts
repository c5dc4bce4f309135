/** The clock port. Clocks decide what is shown, never what is kept. */
export interface Clock {
  /** Milliseconds since 1970, as a whole number. */
  now(): number;
}

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now() };

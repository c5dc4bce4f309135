import type { Clock } from "../platform/index.ts";

/** A clock that goes only when it is told to. */
export interface SettableClock extends Clock {
  /** Sets it, in milliseconds since 1970 or as a date; backwards too. */
  set(time: number | Date): void;
  /** Moves it on by milliseconds. */
  advance(milliseconds: number): void;
}

/** A clock that shows a time, 2020-01-01T00:00:00Z unless told, until it is set. Pass it as `openStore(dir, { clock })`. */
export function settableClock(start: number | Date = Date.UTC(2020, 0, 1)): SettableClock {
  let time = Number(start);
  return {
    now: () => time,
    set: (next) => {
      time = Number(next);
    },
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
}

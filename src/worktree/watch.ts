/**
 * Notices that a folder changed and has come to rest.
 *
 * Folders are watched, not files: a folder of a million files costs one watch. What the system's events miss (a machine
 * that slept, a queue that ran over, a network mount) is found by a scan, which the caller makes whenever it is told to
 * look; {@link watchFolder} tells it to at the beginning, at rest, after a sleep, and now and then.
 */
import path from "node:path";
import { monotonicNow } from "../platform/index.ts";
import { STORE_FOLDER_NAME } from "./walk.ts";

/** How to watch. */
export interface WatchOptions {
  /** How long nothing must have happened before the folder counts as at rest. */
  readonly settleMs: number;
  /** Folders that are not watched: absolute paths without links. */
  readonly apart: readonly string[];
  readonly signal: AbortSignal;
}

/** A look without any event, in case events were missed. */
const LOOK_MS = 60_000;
/** A timer that comes so much too late was asleep with its machine. */
const SLEPT_MS = 5_000;
/** How often the timer runs that notices a sleep. */
const TICK_MS = 1_000;

/** Gives a turn each time the folder should be looked at. While a turn is worked on, further ones become one. */
export async function* watchFolder(folder: string, options: WatchOptions): AsyncGenerator<void, void, undefined> {
  const { default: chokidar } = await import("chokidar");
  const bell = new Bell(options.settleMs);
  const apart = new Set(options.apart);
  const watcher = chokidar.watch(folder, {
    persistent: true,
    ignoreInitial: true,
    followSymlinks: false,
    // Files are left to the watch of their folder.
    ignored: (name, stats) => stats?.isFile() === true || apart.has(name) || path.basename(name) === STORE_FOLDER_NAME,
  });
  // What changed between the first look and the watch of the last folder was seen by nobody.
  watcher.on("ready", () => bell.touch());
  watcher.on("raw", () => bell.touch());
  watcher.on("all", () => bell.touch());
  // Too many folders for the system's watches: looking now and then still finds what changes.
  watcher.on("error", () => bell.touch());
  const timer = setInterval(() => bell.tick(), TICK_MS);
  const onAbort = (): void => bell.end();
  options.signal.addEventListener("abort", onAbort);
  try {
    bell.ring();
    while (await bell.rung()) yield;
  } finally {
    options.signal.removeEventListener("abort", onAbort);
    clearInterval(timer);
    bell.end();
    await watcher.close();
  }
}

/** Rings once nothing has touched it for a while. */
class Bell {
  readonly #settleMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRinging = false;
  #hasEnded = false;
  #wake: () => void = () => {};
  #lastTick = monotonicNow();
  #lastRing = monotonicNow();

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  touch(): void {
    clearTimeout(this.#timer);
    if (!this.#hasEnded) this.#timer = setTimeout(() => this.ring(), this.#settleMs);
  }

  tick(): void {
    const now = monotonicNow();
    const slept = now - this.#lastTick > TICK_MS + SLEPT_MS;
    this.#lastTick = now;
    if (slept || now - this.#lastRing > LOOK_MS) this.touch();
  }

  ring(): void {
    this.#lastRing = monotonicNow();
    this.#isRinging = true;
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#wake();
  }

  /** Settles when it rings; false when it never will again. */
  async rung(): Promise<boolean> {
    while (!this.#isRinging && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isRinging = false;
    return !this.#hasEnded;
  }
}

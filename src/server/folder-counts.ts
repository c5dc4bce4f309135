/** How many names folders of versions have, and where in them pages begin: remembered, for versions never change. */
import type { Landmarks } from "../manifest/index.ts";
import type { Version } from "../store/index.ts";

/** Names between two places that are remembered. */
const EVERY = 1000;
/** Places remembered in all: some 64 bytes each. */
const PLACES_MAX = 200_000;
const LATER_MS = 200;

interface Known {
  readonly counting: Promise<Landmarks>;
  counted: Landmarks | undefined;
}

/** What was counted lately. */
export class FolderCounts {
  /** By content and folder; what was asked for last stands last. */
  readonly #known = new Map<string, Known>();
  readonly #ending: AbortSignal;
  #places = 0;

  constructor(ending: AbortSignal) {
    this.#ending = ending;
  }

  /** What is known of a folder now. */
  known(version: Version, folder: string): Landmarks | undefined {
    return this.#known.get(keyOf(version, folder))?.counted;
  }

  /** Begins to count a folder in a moment, if that was not done before: what else a page needs to be seen goes first. */
  begin(version: Version, folder: string): void {
    const timer = setTimeout(() => {
      if (!this.#ending.aborted) this.#find(version, folder);
    }, LATER_MS);
    timer.unref();
  }

  /** What is known of a folder once it is counted. */
  count(version: Version, folder: string): Promise<Landmarks> {
    return this.#find(version, folder).counting;
  }

  #find(version: Version, folder: string): Known {
    const key = keyOf(version, folder);
    const known = this.#known.get(key) ?? this.#begin(key, version, folder);
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  #begin(key: string, version: Version, folder: string): Known {
    const known: Known = {
      counting: version.landmarks(folder, { every: EVERY, signal: this.#ending }),
      counted: undefined,
    };
    known.counting.then(
      (landmarks) => {
        known.counted = landmarks;
        this.#places += landmarks.paths.length + 1;
        this.#makeRoom();
      },
      // Whoever asks again counts again, and is told.
      () => this.#known.delete(key),
    );
    return known;
  }

  #makeRoom(): void {
    for (const [key, { counted }] of this.#known) {
      if (this.#places <= PLACES_MAX) return;
      if (counted === undefined) continue;
      this.#known.delete(key);
      this.#places -= counted.paths.length + 1;
    }
  }
}

function keyOf({ digest }: Version, folder: string): string {
  return `${digest} ${folder}`;
}

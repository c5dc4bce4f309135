/** When tokens were last used. Told to those who look for tokens that nobody needs: to some minutes, and it may be lost. */
import path from "node:path";
import { publishFile, readWholeFile } from "../platform/index.ts";
import type { Engine } from "../store/index.ts";

const USES_FILE = "cache-token-uses.json";
/** How long a use waits to be written, so that not each request writes. */
const COARSE_MS = 5 * 60 * 1000;

/** Ids of tokens, with times in milliseconds since 1970. */
type Uses = ReadonlyMap<string, number>;

/** The uses of a store's tokens, by this process and others. */
export class TokenUses {
  readonly #engine: Engine;
  readonly #file: string;
  readonly #isKnown: (id: string) => boolean;
  readonly #noted = new Map<string, number>();
  #isNew = false;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  /** @param isKnown whether there is a token of this id: of those that were taken back nothing is kept */
  constructor(engine: Engine, isKnown: (id: string) => boolean) {
    this.#engine = engine;
    this.#isKnown = isKnown;
    this.#file = path.join(engine.folder, USES_FILE);
  }

  /** Notes a use. Returns at once, and writes now and then. */
  note(id: string): void {
    const now = this.#engine.clock.now();
    this.#noted.set(id, now);
    this.#isNew = true;
    if (now - this.#writtenAt >= COARSE_MS) void this.settle();
  }

  /** When tokens were last used, as far as it is known. */
  all(): Uses {
    return later(this.#read(), this.#noted);
  }

  /** Has what was noted written. Where it cannot be, nothing is lost that matters. */
  settle(): Promise<void> {
    if (!this.#isNew || this.#engine.isReadOnly) return this.#writing;
    this.#isNew = false;
    this.#writtenAt = this.#engine.clock.now();
    this.#writing = this.#writing.then(() => this.#write()).catch(() => {});
    return this.#writing;
  }

  /** Others who write at the same time may lose a use, and note the next one. */
  async #write(): Promise<void> {
    const known = [...this.all()].filter(([id]) => this.#isKnown(id));
    const uses = Object.fromEntries(known.map(([id, at]) => [id, new Date(at).toISOString()]));
    await publishFile(this.#engine.fs, this.#file, Buffer.from(JSON.stringify(uses)), 0o600);
  }

  #read(): Uses {
    const uses = new Map<string, number>();
    try {
      const bytes = readWholeFile(this.#engine.fs, this.#file);
      const known = JSON.parse(Buffer.from(bytes ?? "{}").toString()) as { readonly [id: string]: unknown };
      for (const [id, text] of Object.entries(known ?? {})) {
        const at = typeof text === "string" ? Date.parse(text) : Number.NaN;
        if (/^[0-9a-f]{16}$/.test(id) && !Number.isNaN(at)) uses.set(id, at);
      }
    } catch {
      // It is a cache: what cannot be read begins anew.
    }
    return uses;
  }
}

/** Of each token the later one of two times. */
function later(some: Uses, others: Uses): Uses {
  const all = new Map(some);
  for (const [id, at] of others) all.set(id, Math.max(at, all.get(id) ?? at));
  return all;
}

/**
 * Looks at the files that the stat cache remembers in a thread, ahead of the sweep that will ask for them.
 *
 * The sweep never waits: what the thread has not answered yet it looks at itself, and the thread leaves a run that the
 * sweep has reached. So both share the work as their speeds allow, and a thread that starts late costs nothing but itself.
 */
import type { ContentPool, ContentPort } from "./content-pool.ts";
import type { FolderMemory } from "./folder-memory.ts";

/** With fewer runs than this to look at, a thread is not worth its start. */
const RUNS_MIN = 16;

/** Hands runs to a thread. */
export class LookAhead {
  readonly #port: ContentPort;
  readonly #folder: string;

  private constructor(port: ContentPort, folder: string) {
    this.#port = port;
    this.#folder = folder;
  }

  /** For a sweep of what is remembered of a folder, where that is worth a thread. */
  static of(pool: Pick<ContentPool, "isSideBySide" | "next">, memory: FolderMemory): LookAhead | undefined {
    if (!pool.isSideBySide || memory.runCount < RUNS_MIN) return undefined;
    return new LookAhead(pool.next(), memory.folder.path);
  }

  /** Has the files of a run looked at. */
  begin(run: Buffer, rows: number): RunAnswers {
    const answers = new Uint8Array(new SharedArrayBuffer(rows + 1));
    // An answer that never comes is no loss: the sweep looks itself then.
    this.#port.request({ op: "look", folder: this.#folder, run, answers }).catch(() => {});
    return new RunAnswers(answers);
  }
}

/** What was found out about the files of one run. */
export class RunAnswers {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Whether a file was found as its row says, after the sweep began. `false` says nothing. */
  isAsItWas(row: number): boolean {
    return this.#bytes[row] === 1;
  }

  /** The sweep goes through the run now. */
  reach(): void {
    this.#bytes[this.#bytes.length - 1] = 1;
  }
}

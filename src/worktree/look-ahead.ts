/**
 * Looks at the files that the stat cache remembers in a thread, ahead of the sweep that will ask for them.
 *
 * The sweep never waits: what the thread has not answered yet it looks at itself, and the thread leaves a run that the
 * sweep has reached. So both share the work as their speeds allow, and a thread that starts late costs nothing but itself.
 */
import path from "node:path";
import { type FileSystem, kindOf } from "../platform/index.ts";
import type { ContentPool, ContentPort } from "./content-pool.ts";
import type { FolderMemory } from "./folder-memory.ts";
import { RunView } from "./run.ts";

/** With fewer runs than this to look at, a thread is not worth its start. */
const RUNS_MIN = 16;

/** What a thread is asked: to look at the files of a run. */
export interface LookRequest {
  readonly op: "look";
  readonly folder: string;
  /** A run that is known to be whole. */
  readonly run: Uint8Array;
  /** In memory that both threads see: a byte a row, 1 where the file is as it was; then one that says "reached". */
  readonly answers: Uint8Array;
}

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

/** Looks at files until all are looked at or the sweep has come. Runs in a thread. */
export function lookAtRun(fs: FileSystem, { folder, run, answers }: LookRequest): void {
  const reached = answers.length - 1;
  if (answers[reached] === 1) return;
  const view = RunView.ofWhole(Buffer.from(run.buffer, run.byteOffset, run.byteLength));
  const base = folder.endsWith(path.sep) ? folder : folder + path.sep;
  for (let row = 0; row < view.count && answers[reached] === 0; row++) {
    try {
      const name = view.path(row);
      const stat = fs.lookAt(base + (path.sep === "/" ? name : name.replaceAll("/", path.sep)));
      if (stat !== undefined && kindOf(stat) === "file" && view.matches(row, stat)) answers[row] = 1;
    } catch {
      // The sweep will meet the same trouble, and reports it.
    }
  }
}

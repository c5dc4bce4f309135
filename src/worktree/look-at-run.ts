/** The thread's side of looking ahead: see `look-ahead.ts`. */
import path from "node:path";
import { type FileSystem, kindOf } from "../platform/index.ts";
import { RunView } from "./run.ts";

/** What a thread is asked: to look at the files of a run. */
export interface LookRequest {
  readonly op: "look";
  readonly folder: string;
  /** A run that is known to be whole. */
  readonly run: Uint8Array;
  /** In memory that both threads see: a byte a row, 1 where the file is as it was; then one that says "reached". */
  readonly answers: Uint8Array;
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

/** Rows of the stat cache on their way to it, packed: in a folder of a million files there may be a million of them. */
import { encodeRun, type NewRow, RunView } from "./run.ts";

const RUN_ROWS = 512;

/** Takes rows in path order and gives them back in that order. A row costs about a hundred bytes. */
export class PackedRows implements Iterable<NewRow> {
  readonly #runs: Buffer[] = [];
  #last: NewRow[] = [];

  add(row: NewRow): void {
    this.#last.push(row);
    if (this.#last.length < RUN_ROWS) return;
    this.#runs.push(encodeRun(this.#last));
    this.#last = [];
  }

  *[Symbol.iterator](): Generator<NewRow, void, undefined> {
    for (const run of this.#runs) {
      const view = RunView.open(run) as RunView;
      for (let index = 0; index < view.count; index++) yield view.row(index);
    }
    yield* this.#last;
  }
}

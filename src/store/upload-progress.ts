import { throwIfAborted } from "../errors.ts";
import type { LongCallOptions, ProgressEvent } from "../progress.ts";
import type { SweepCounts } from "../worktree/index.ts";

/** How much there is to do. Bytes are absent where nobody knows them. */
interface Total {
  readonly filesTotal: number;
  readonly bytesTotal?: number;
}

/** Turns what scan and ingest tell into progress events. */
export class UploadProgress {
  readonly #call: LongCallOptions;
  #files = 0;
  #bytes = 0;
  #total: Total | undefined;

  /** @param total where it is known from the beginning */
  constructor(call: LongCallOptions, total?: Total) {
    this.#call = call;
    this.#total = total;
  }

  scanned({ names, bytes }: SweepCounts): void {
    if (this.#bytes === 0) this.#tell({ phase: "scan", files: names, bytes });
  }

  /** All is found that is to be stored. */
  found(files: number, bytes: number | undefined): void {
    this.#total = { filesTotal: files, ...(bytes !== undefined && { bytesTotal: bytes }) };
  }

  stored(bytes: number, path_: string, isDone: boolean): void {
    if (isDone) this.#files++;
    this.#bytes += bytes;
    this.#tell({ phase: "store", files: this.#files, bytes: this.#bytes, ...this.#total, path: path_ });
  }

  #tell(event: ProgressEvent): void {
    throwIfAborted(this.#call.signal);
    this.#call.onProgress?.(event);
  }
}

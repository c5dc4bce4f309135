import { throwIfAborted } from "../errors.ts";
import type { LongCallOptions, ProgressEvent } from "../progress.ts";
import type { SweepCounts } from "../worktree/index.ts";

/** Turns what scan and ingest tell into progress events. */
export class UploadProgress {
  readonly #call: LongCallOptions;
  #files = 0;
  #bytes = 0;
  #path: string | undefined;
  #scanned: SweepCounts = { names: 0, files: 0, bytes: 0 };

  constructor(call: LongCallOptions) {
    this.#call = call;
  }

  scanned(counts: SweepCounts): void {
    this.#scanned = { ...counts };
    if (this.#bytes === 0) this.#tell({ phase: "scan", files: counts.names, bytes: counts.bytes });
  }

  stored(bytes: number, path_: string): void {
    // A large file is heard of several times.
    if (path_ !== this.#path) this.#files++;
    this.#path = path_;
    this.#bytes += bytes;
    const { files: filesTotal, bytes: bytesTotal } = this.#scanned;
    this.#tell({ phase: "store", files: this.#files, filesTotal, bytes: this.#bytes, bytesTotal, path: path_ });
  }

  #tell(event: ProgressEvent): void {
    throwIfAborted(this.#call.signal);
    this.#call.onProgress?.(event);
  }
}

/** Has chunks that lie in windows packed and written, those that nobody has yet. */
import { DIGEST_BYTES, type Digest, digestFromBytes } from "../digest/index.ts";
import type { EncodedFrames } from "../objects/index.ts";
import type { ContentPort } from "./content-pool.ts";
import { encodeChunks, framesInWindow } from "./frames-of-window.ts";
import type { ChunkColumns, FramesOfWindow } from "./read-request.ts";
import type { Window, Windows } from "./windows.ts";

/** Takes the chunks that are not stored. */
export interface ChunkSink {
  /** Whether a chunk is to be packed and handed over. A dry run says no, and counts. @param digests has its digest at `at` */
  wants(digests: Uint8Array, at: number, length: number): boolean;
  addChunks(frames: EncodedFrames, rawBytes: number): void;
  /** Settles when there is room for more. */
  ready(): Promise<void>;
}

/** Stores chunks for one ingest. */
export class ChunkStoring {
  readonly #windows: Windows;
  readonly #sink: ChunkSink;
  /** Chunks that a reader is packing: they are neither stored nor wanted again. */
  readonly #underWay = new Set<Digest>();

  constructor(windows: Windows, sink: ChunkSink) {
    this.#windows = windows;
    this.#sink = sink;
  }

  /** Does something with a window that fails with it: then nobody needs the window any more. */
  async within<Result>(window: Window, action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      this.#windows.giveBack(window);
      throw error;
    }
  }

  /** Has those chunks of a window packed that nobody has yet; gives the window back when it is not needed any more. */
  async store(port: ContentPort, window: Window, read: ChunkColumns): Promise<void> {
    const { digests, lengths } = read;
    const wanted = new Uint8Array(lengths.length);
    const claimed: Digest[] = [];
    let rawBytes = 0;
    for (let index = 0; index < wanted.length; index++) {
      const at = index * DIGEST_BYTES;
      const length = lengths[index] as number;
      if (!this.#sink.wants(digests, at, length)) continue;
      const digest = digestFromBytes(digests, at);
      if (this.#underWay.has(digest)) continue;
      this.#underWay.add(digest);
      claimed.push(digest);
      wanted[index] = 1;
      rawBytes += length;
    }
    if (claimed.length === 0) {
      this.#windows.giveBack(window);
      return;
    }
    const frames = await this.within(window, () => pack(port, window, read, wanted));
    this.#sink.addChunks({ ...frames, giveBack: () => this.#windows.giveBack(window) }, rawBytes);
    for (const digest of claimed) this.#underWay.delete(digest);
    await this.#sink.ready();
  }
}

/** What is stored as it is needs no thread: only heads are made, and the rest stays where it is. */
async function pack(port: ContentPort, window: Window, read: ChunkColumns, wanted: Uint8Array): Promise<EncodedFrames> {
  if (read.arePlain) return encodeChunks(window.bytes, read, wanted);
  const { digests, lengths, arePlain } = read;
  const request = { op: "encode", window: window.number, digests, lengths, arePlain, wanted } as const;
  return framesInWindow(await port.request<FramesOfWindow>(request), window);
}

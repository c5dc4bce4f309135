/** Content of a store as a push takes it, and what a pull would keep. */
import type { Digest } from "../../src/digest/index.ts";
import type { Store } from "../../src/index.ts";
import { frameLengthOf } from "../../src/objects/frame.ts";
import { bytesOfFrames, type EncodedFrames, Frame } from "../../src/objects/index.ts";
import type { SendSource } from "../../src/sync/content-sender.ts";
import type { Keeper } from "../../src/sync/remote-reader.ts";

/** What a store has, for a push. */
export function sourceOf(store: Store): SendSource {
  const { objects } = store.engine;
  return {
    readNode: (digest, type) => objects.read(digest, type),
    locate: (digest) => objects.locate(digest),
    runsAtOnce: 2,
    readFrames: async (run) => {
      const bytes = new Uint8Array(run.lengths.reduce((sum, length) => sum + length, 0));
      return { bytes, areRight: objects.readFrames(run, bytes), giveBack: () => {} };
    },
    readChunk: (digest) => objects.read(digest, "chunk"),
    bring: async () => {},
  };
}

/** Keeps what is read, in memory. */
export class MemoryKeeper implements Keeper {
  readonly nodes = new Map<Digest, Uint8Array>();
  readonly chunks = new Map<Digest, Uint8Array>();

  keepNode(_type: string, digest: Digest, bytes: Uint8Array): void {
    this.nodes.set(digest, bytes);
  }

  keepChunks(frames: EncodedFrames): void {
    const bytes = bytesOfFrames(frames);
    const frame = new Frame(bytes);
    for (let index = 0; index < frame.head.count; index++) {
      this.chunks.set(frame.digest(index), Uint8Array.from(frame.unchecked(index)));
    }
    if (bytes.length !== frameLengthOf(frame.head.count, frame.head.storedLength)) throw new Error("not one frame");
  }
}

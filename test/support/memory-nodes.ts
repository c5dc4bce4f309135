import type { Digest } from "../../src/digest/index.ts";
import type { NodeSink, NodeSource } from "../../src/manifest/index.ts";

/** Nodes in memory, which count what is asked of them. */
export class MemoryNodes implements NodeSource, NodeSink {
  readonly nodes = new Map<Digest, Uint8Array>();
  reads = 0;
  newNodes = 0;

  readNode(digest: Digest): Uint8Array {
    this.reads++;
    const bytes = this.nodes.get(digest);
    if (bytes === undefined) throw new Error(`no node ${digest}`);
    return bytes;
  }

  writeNode(digest: Digest, bytes: Uint8Array): void {
    if (this.nodes.has(digest)) return;
    this.newNodes++;
    this.nodes.set(digest, bytes.slice());
  }
}

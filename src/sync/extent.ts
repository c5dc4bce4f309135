/** What was read of a pack at one place: a frame, and what stands behind it. Every object is believed by its digest. */
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { decodeHints, type PackName, type RemotePlace, shortDigest } from "../logs/index.ts";
import { FRAME_PREAMBLE_BYTES_MAX, Frame, readFrameHead, readFrameLength } from "../objects/index.ts";
import type { NodeType } from "./children.ts";

/** A node that was read, and the hints beside it. */
export interface ReadNode {
  readonly digest: Digest;
  readonly type: NodeType;
  readonly bytes: Uint8Array;
  readonly hints: readonly (RemotePlace | undefined)[] | undefined;
}

/** The nodes of an extent, and the hints of them that stand in it too. What is no frame any more ends it. */
export function nodesOfExtent(bytes: Uint8Array, pack: PackName): ReadNode[] {
  const nodes: { digest: Digest; type: NodeType; bytes: Uint8Array }[] = [];
  const hints = new Map<string, readonly (RemotePlace | undefined)[]>();
  for (const frame of framesOf(bytes)) {
    for (let index = 0; index < frame.head.count; index++) {
      const object = frame.unchecked(index);
      if (frame.head.type === "placeHints") {
        for (const [node, children] of readHints(object, pack)) hints.set(node, children);
      } else if (frame.head.type !== "chunk") {
        nodes.push({ digest: frame.digest(index), type: frame.head.type, bytes: object });
      }
    }
  }
  return nodes.map((node) => ({ ...node, hints: hints.get(shortDigest(node.digest)) }));
}

/** Hints that are malformed are none. */
function readHints(bytes: Uint8Array, pack: PackName): ReturnType<typeof decodeHints> {
  try {
    return decodeHints(bytes, pack);
  } catch (error) {
    if (isArtifoldError(error, "DAMAGED")) return new Map();
    throw error;
  }
}

/** Frames one after another, as far as they are whole. */
function* framesOf(bytes: Uint8Array): Generator<Frame, void, undefined> {
  for (let at = 0; at < bytes.length; ) {
    let frame: Frame;
    try {
      const rest = bytes.subarray(at);
      readFrameHead(rest);
      const length = readFrameLength(rest.subarray(0, FRAME_PREAMBLE_BYTES_MAX));
      if (length > rest.length) return;
      frame = new Frame(rest.subarray(0, length));
      if (frame.bases.length > 0) return;
      frame.open();
      at += length;
    } catch (error) {
      // The table of the pack, or bytes of somebody who means ill: what came before stands by itself.
      if (isArtifoldError(error, "DAMAGED") || isArtifoldError(error, "FORMAT_UNSUPPORTED")) return;
      throw error;
    }
    yield frame;
  }
}

import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { type Digest, digestToBytes, hashContent } from "../../src/digest/index.ts";
import { type EncodedFrames, FrameEncoder } from "../../src/objects/index.ts";
import { PACKS_FOLDER, PackWriter, packPath, type SealedPack } from "../../src/objects/pack.ts";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";
import { randomBytesOf } from "./random.ts";

/** An object for a pack. */
export interface TestObject {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** A chunk of content that is the same for the same number: text, or bytes that do not compress. */
export function chunkOf(number: number, length = 100 + ((number * 37) % 900)): TestObject {
  const bytes = number % 2 === 0 ? randomBytesOf(number + 1, length) : Buffer.alloc(length, `chunk ${number}, `);
  return { bytes, digest: hashContent(bytes) };
}

/** Chunks with numbers from one to another. */
export function chunksOf(from: number, to: number): TestObject[] {
  return Array.from({ length: to - from }, (_, index) => chunkOf(from + index));
}

/** Objects in frames. */
export function framesOf(objects: Iterable<TestObject>, rawBytes?: number): EncodedFrames {
  const encoder = new FrameEncoder("chunk", rawBytes);
  for (const { digest, bytes } of objects) encoder.add({ digest: digestToBytes(digest), bytes });
  return encoder.finish();
}

/** Writes a pack of these objects below a store's folder. */
export async function writePack(
  folder: string,
  objects: Iterable<TestObject>,
  options: { readonly fs?: FileSystem; readonly rawBytes?: number } = {},
): Promise<SealedPack & { readonly path: string }> {
  const packs = path.join(folder, PACKS_FOLDER);
  if (!existsSync(packs)) mkdirSync(packs);
  const writer = new PackWriter(options.fs ?? nodeFileSystem, packs, "data");
  writer.add(framesOf(objects, options.rawBytes));
  const sealed = await writer.seal();
  return { ...sealed, path: packPath(sealed.name) };
}

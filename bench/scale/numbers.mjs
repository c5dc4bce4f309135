/** What the simulated store holds: the same digests wherever they are asked for. */
import { randomBytes } from "../corpora/seeded.mjs";

/** Bytes of a chunk on average, as content-defined chunking cuts what does not compress. */
export const CHUNK_BYTES = 52_000;
/** Chunks that fill a pack of 64 MiB. */
export const PACK_CHUNKS = 1290;
/** Packs of one upload: some 10 GiB. */
export const UPLOAD_PACKS = 160;
export const FOLDER_ENTRIES = 1000;

/** Digests of the chunks of a pack, one after another. */
export function packDigests(pack) {
  return randomBytes(`scale pack ${pack}`, 32 * PACK_CHUNKS);
}

/** A digest that nothing has. */
export function absentDigests(count) {
  return randomBytes("scale absent", 32 * count);
}

/** Digests of chunks that are stored, from packs far apart. */
export function presentDigests(packs, count) {
  const step = Math.max(1, Math.floor((packs * PACK_CHUNKS) / count));
  const found = Buffer.alloc(32 * count);
  let digests;
  let last = -1;
  for (let index = 0; index < count; index++) {
    const chunk = (index * step) % (packs * PACK_CHUNKS);
    const pack = Math.floor(chunk / PACK_CHUNKS);
    if (pack !== last) digests = packDigests(pack);
    last = pack;
    digests.copy(found, index * 32, (chunk % PACK_CHUNKS) * 32, (chunk % PACK_CHUNKS) * 32 + 32);
  }
  return found;
}

/** Path of an entry: folders of a thousand. */
export function pathOf(entry) {
  const folder = Math.floor(entry / FOLDER_ENTRIES);
  return `data/part-${String(folder).padStart(6, "0")}/sample-${String(entry).padStart(8, "0")}.bin`;
}

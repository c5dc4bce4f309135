/**
 * Decides which files are adopted: cloned into the store instead of written to it.
 *
 * A file that is big, does not compress, and is new to the store for the most part gains by it. Whether it is new is known
 * only when it was read: it is cloned first, and the clone is given up as soon as more than half of what was read is stored
 * already. Then the file is taken like any other, so that a small change of a big file costs what was changed.
 */
import type { Digest } from "../digest/index.ts";
import { ADOPTED_BYTES_MAX, type Adoption, looksCompressible } from "../objects/index.ts";
import { type FileSystem, readFully } from "../platform/index.ts";
import { isSettledBefore } from "./settled.ts";
import { FileContent } from "./windowed-content.ts";

/** Takes files whole, where it can. */
export interface Adopter {
  /** Clones a file; `undefined` where that cannot be done. @param device that the file is on */
  beginAdoption(file: string, device: number): Promise<Adoption | undefined>;
  /** Takes a clone whose chunks are all told. @param newBytes of those of them that are new */
  adopt(adoption: Adoption, digest: Digest, newBytes: number): Promise<void>;
}

/** Below this size the flushes that an adopted file takes cost as much as writing it to a pack that others share. */
export const ADOPTED_BYTES_MIN: number = 16 * 1024 * 1024;

const SAMPLES = 16;
const SAMPLE_BYTES = 4096;
/** Formats of big files begin with a head of text, which may be all that compresses. */
const COMPRESSIBLE_MAX = 1;

/** What is read of a file that is being adopted. */
export interface AdoptedContent {
  readonly adoption: Adoption;
  /** The file itself, and a clone of it. They may be different by now. */
  readonly source: FileContent;
  readonly clone: FileContent;
  /** Which of the two is to be read. */
  readonly read: FileContent;
}

/** Clones a file that seems to be worth it. @returns what to read, and to close with {@link endAdoption} */
export async function beginAdoption(
  adopter: Adopter,
  fs: FileSystem,
  file: string,
): Promise<AdoptedContent | undefined> {
  const source = FileContent.open(fs, file);
  // Who takes it like any other file says what is wrong with it.
  if (source.failed !== undefined) return undefined;
  const adoption = isWorthTrying(fs, source) ? await adopter.beginAdoption(source.place, source.stat.dev) : undefined;
  if (adoption === undefined) {
    source.close();
    return undefined;
  }
  const clone = FileContent.open(fs, adoption.file);
  if (clone.failed === undefined && clone.stat.size === source.stat.size) {
    return { adoption, source, clone, read: isSettledBefore(fs, source.stat, clone.stat) ? source : clone };
  }
  await endAdoption({ adoption, source, clone });
  return undefined;
}

/** Closes files, and gives the clone up unless it was taken. */
export async function endAdoption({ adoption, source, clone }: Omit<AdoptedContent, "read">): Promise<void> {
  source.close();
  clone.close();
  await adoption.abort();
}

function isWorthTrying(fs: FileSystem, source: FileContent): boolean {
  const { size } = source.stat;
  if (size < ADOPTED_BYTES_MIN || size > ADOPTED_BYTES_MAX) return false;
  const sample = Buffer.alloc(SAMPLE_BYTES);
  const step = (size - SAMPLE_BYTES) / (SAMPLES - 1);
  let compressible = 0;
  for (let index = 0; index < SAMPLES && compressible <= COMPRESSIBLE_MAX; index++) {
    const read = readFully(fs, source.descriptor, sample, Math.floor(index * step));
    if (looksCompressible(sample.subarray(0, read))) compressible++;
  }
  return compressible <= COMPRESSIBLE_MAX;
}

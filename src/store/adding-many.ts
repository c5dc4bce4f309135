/** Adds many files that are given as bytes. */
import type { Digest } from "../digest/index.ts";
import type { FileEntry } from "../manifest/index.ts";
import type { LongCallOptions } from "../progress.ts";
import { type ContentToIngest, WINDOW_BYTES } from "../worktree/index.ts";
import type { Draft } from "./draft.ts";
import { bytesOf, type Source } from "./source.ts";

/** A file that is given as bytes. */
export interface NewFile {
  /** Its path in the version. */
  readonly as: string;
  readonly content: Exclude<Source, string>;
  readonly executable?: boolean | undefined;
}

/** A file that was added. */
export interface AddedFile {
  readonly path: string;
  readonly size: number;
  /** BLAKE3 of the content. */
  readonly digest: Digest;
}

/** Contents up to this size are gathered. */
const SMALL_BYTES: number = 1024 * 1024;
const GATHERED_FILES = 256;

/** Adds files to a draft. Short ones are gathered in memory until they fill a window. */
export async function addAll(
  draft: Draft,
  files: Iterable<NewFile> | AsyncIterable<NewFile>,
  options: LongCallOptions,
): Promise<readonly AddedFile[]> {
  const { signal } = options;
  const added: AddedFile[] = [];
  let gathered: ContentToIngest[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const contents = gathered;
    gathered = [];
    bytes = 0;
    if (contents.length > 0) added.push(...(await draft.addContents(contents, options)).map(fileOf));
  };
  for await (const { as, content, executable = false } of files) {
    const pieces = bytesOf(content, as, signal);
    const { read, length, isWhole } = await beginningOf(pieces);
    if (!isWhole) {
      await flush();
      added.push(fileOf(await draft.addBytes(followedBy(read, pieces), as, { ...options, executable })));
      continue;
    }
    if (bytes + length > WINDOW_BYTES || gathered.length === GATHERED_FILES) await flush();
    gathered.push({ path: as, bytes: Buffer.concat(read), executable });
    bytes += length;
  }
  await flush();
  return added;
}

/** What comes first of some content: all of it, unless it is too long to be gathered. */
async function beginningOf(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<{ read: readonly Uint8Array[]; length: number; isWhole: boolean }> {
  const read: Uint8Array[] = [];
  let length = 0;
  while (length <= SMALL_BYTES) {
    const next = await pieces.next();
    if (next.done === true) return { read, length, isWhole: true };
    // Whoever brings it may use the memory again.
    read.push(new Uint8Array(next.value));
    length += next.value.length;
  }
  return { read, length, isWhole: false };
}

async function* followedBy(
  read: readonly Uint8Array[],
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* read;
  yield* pieces;
}

function fileOf({ path, size, digest }: FileEntry): AddedFile {
  return { path, size, digest };
}

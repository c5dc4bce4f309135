/** Entries: the rows of a version, and their canonical bytes. */
import { CHUNK_MAX_BYTES, CHUNK_MIN_BYTES } from "../chunking/index.ts";
import { type Digest, EMPTY_DIGEST, hashContent } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { type Decoder, type Encoder, MAX_INTEGER, utf8Length } from "./codec.ts";
import { isWellFormed, pathProblem } from "./path.ts";

/** What a newer artifold wrote beside the fields we know: tag and value, tags ascending. Kept as it is. */
export type Extras = readonly (readonly [tag: number, value: Uint8Array])[];

interface EntryBase {
  /** Path from the root of the version: parts joined by "/". */
  readonly path: string;
  readonly extras?: Extras;
}

/** A file. */
export interface FileEntry extends EntryBase {
  readonly kind: "file";
  /** Length of the content in bytes. */
  readonly size: number;
  /** BLAKE3 of the whole content: what `b3sum` prints. */
  readonly digest: Digest;
  /** Root of the list of its chunks; absent where the content is empty or one chunk. */
  readonly chunkList?: Digest | undefined;
  /** Whether the owner may execute it. */
  readonly executable: boolean;
}

/** A folder that holds nothing. Folders with something in them are not entries. */
export interface FolderEntry extends EntryBase {
  readonly kind: "folder";
}

/** A symbolic link, kept as a link. */
export interface LinkEntry extends EntryBase {
  readonly kind: "link";
  /** Where it points, as it stands in the link: relative, and inside the version. */
  readonly target: string;
}

/** Content that lies elsewhere and is only named. */
export interface ReferenceEntry extends EntryBase {
  readonly kind: "reference";
  /** Where the content is: an absolute URI. */
  readonly uri: string;
  readonly size?: number | undefined;
  /** BLAKE3 of the content, where it is known. */
  readonly digest?: Digest | undefined;
  /** What the place itself calls this state of the content. */
  readonly etag?: string | undefined;
}

/** One row of a version. */
export type Entry = FileEntry | FolderEntry | LinkEntry | ReferenceEntry;

/** The longest target of a link, in UTF-8 bytes. */
export const LINK_TARGET_BYTES_MAX = 4096;
/** The longest URI of a reference, in UTF-8 bytes. */
export const URI_BYTES_MAX = 8192;
/** The longest etag of a reference, in UTF-8 bytes. */
export const ETAG_BYTES_MAX = 1024;
/** How many extras an entry or a node may hold. */
export const EXTRAS_MAX = 16;
/** How long an extra may be. */
export const EXTRA_BYTES_MAX = 1024;

// How the kind and the executable bit stand in a row.
const MODE_FILE = 0;
const MODE_EXECUTABLE = 1;
const MODE_FOLDER = 2;
const MODE_LINK = 3;
const MODE_REFERENCE = 4;

/** Whether the mode in a row is that of a file. */
export function isFileMode(mode: number): boolean {
  return mode === MODE_FILE || mode === MODE_EXECUTABLE;
}

/**
 * Writes an entry as one row.
 *
 * @returns where the path's UTF-8 bytes lie in the encoder: the key that decides where nodes begin
 */
export function writeEntry(encoder: Encoder, entry: Entry): { start: number; end: number } {
  encoder.array(rowLength(entry));
  const length = encoder.string(entry.path);
  const end = encoder.length;
  switch (entry.kind) {
    case "file":
      encoder.uint(entry.executable ? MODE_EXECUTABLE : MODE_FILE);
      encoder.uint(entry.size);
      encoder.digest(entry.digest);
      writeOptional(encoder, entry.chunkList, (to, digest) => to.digest(digest));
      break;
    case "folder":
      encoder.uint(MODE_FOLDER);
      break;
    case "link":
      encoder.uint(MODE_LINK);
      encoder.string(entry.target);
      break;
    case "reference":
      encoder.uint(MODE_REFERENCE);
      encoder.string(entry.uri);
      writeOptional(encoder, entry.size, (to, size) => to.uint(size));
      writeOptional(encoder, entry.digest, (to, digest) => to.digest(digest));
      writeOptional(encoder, entry.etag, (to, etag) => void to.string(etag));
      break;
  }
  writeExtras(encoder, entry.extras);
  return { start: end - length, end };
}

function rowLength(entry: Entry): number {
  switch (entry.kind) {
    case "file":
      return 6;
    case "folder":
      return 3;
    case "link":
      return 4;
    case "reference":
      return 7;
  }
}

function writeOptional<T>(encoder: Encoder, value: T | undefined, write: (to: Encoder, value: T) => void): void {
  if (value === undefined) encoder.nil();
  else write(encoder, value);
}

/** Reads one row. Throws DAMAGED for bytes no writer made, FORMAT_UNSUPPORTED for what a newer artifold must explain. */
export function readEntry(decoder: Decoder): Entry {
  const fields = decoder.array();
  if (fields < 3) decoder.fail("a row too short");
  const path = decoder.string();
  const problem = pathProblem(path);
  if (problem !== undefined) decoder.fail(`path ${JSON.stringify(path.slice(0, 200))}: ${problem}`);
  const mode = decoder.uint();
  const entry = readFields(decoder, path, mode, fields);
  const extras = readExtras(decoder);
  return extras === undefined ? entry : { ...entry, extras };
}

function readFields(decoder: Decoder, path: string, mode: number, fields: number): Entry {
  const expect = (count: number): void => {
    if (fields !== count) decoder.fail("a row of the wrong length");
  };
  switch (mode) {
    case MODE_FILE:
    case MODE_EXECUTABLE: {
      expect(6);
      const size = decoder.uint();
      const digest = decoder.digest();
      const chunkList = decoder.isNil() ? undefined : decoder.digest();
      const entry: FileEntry = { path, kind: "file", size, digest, chunkList, executable: mode === MODE_EXECUTABLE };
      const wrong = fileProblem(entry);
      if (wrong !== undefined) decoder.fail(wrong);
      return entry;
    }
    case MODE_FOLDER:
      expect(3);
      return { path, kind: "folder" };
    case MODE_LINK: {
      expect(4);
      const target = decoder.string();
      const wrong = linkTargetProblem(path, target);
      if (wrong !== undefined) decoder.fail(`link ${JSON.stringify(path)}: ${wrong}`);
      return { path, kind: "link", target };
    }
    case MODE_REFERENCE: {
      expect(7);
      const uri = decoder.string();
      const size = decoder.isNil() ? undefined : decoder.uint();
      const digest = decoder.isNil() ? undefined : decoder.digest();
      const etag = decoder.isNil() ? undefined : decoder.string();
      const entry: ReferenceEntry = { path, kind: "reference", uri, size, digest, etag };
      const wrong = referenceProblem(entry);
      if (wrong !== undefined) decoder.fail(wrong);
      return entry;
    }
    default:
      throw new ArtifoldError("FORMAT_UNSUPPORTED", `entry ${JSON.stringify(path)} is of an unknown kind (${mode})`, {
        hint: "A newer artifold made this version. Update artifold.",
      });
  }
}

/** What cannot be in a file entry: a size that contradicts its digest or its chunk list. */
function fileProblem(entry: FileEntry): string | undefined {
  if (entry.size === 0 && entry.digest !== EMPTY_DIGEST) return "an empty file with another digest";
  if (entry.chunkList === undefined && entry.size > CHUNK_MAX_BYTES) return "a large file without a chunk list";
  if (entry.chunkList !== undefined && entry.size <= CHUNK_MIN_BYTES) return "a small file with a chunk list";
  return undefined;
}

/**
 * Says why a link may not be kept, or `undefined` when it may: it must be relative, climb first and descend after, and
 * end inside the version. Then it stays inside even where parts of its way are links themselves.
 */
export function linkTargetProblem(path: string, target: string): string | undefined {
  if (target === "") return "it points nowhere";
  if (target.includes("\0")) return "its target holds a NUL character";
  if (!isWellFormed(target)) return "its target is not valid Unicode";
  if (utf8Length(target) > LINK_TARGET_BYTES_MAX) return `its target is longer than ${LINK_TARGET_BYTES_MAX} bytes`;
  if (target.startsWith("/")) return "it points to an absolute path";
  let above = path.split("/").length - 1;
  let descended = false;
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") descended = true;
    else if (descended) return 'its target has ".." after a name';
    else if (--above < 0) return "it points outside";
  }
  return undefined;
}

// Written out, for each language means something else by "white space".
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
const uriShape = /^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f]+$/;

/** Says why a reference cannot be kept, or `undefined`. */
export function referenceProblem(entry: ReferenceEntry): string | undefined {
  const etag = entry.etag ?? "";
  if (utf8Length(entry.uri) > URI_BYTES_MAX) return `a URI longer than ${URI_BYTES_MAX} bytes`;
  if (!uriShape.test(entry.uri)) return "a reference without an absolute URI";
  if (utf8Length(etag) > ETAG_BYTES_MAX) return `an etag longer than ${ETAG_BYTES_MAX} bytes`;
  if (!isWellFormed(entry.uri) || !isWellFormed(etag)) return "a reference that is not valid Unicode";
  if (entry.size !== undefined && (!Number.isSafeInteger(entry.size) || entry.size < 0)) return "a size that cannot be";
  return undefined;
}

/** Writes extras: one array of tag, value, tag, value. */
export function writeExtras(encoder: Encoder, extras: Extras | undefined): void {
  encoder.array((extras?.length ?? 0) * 2);
  for (const [tag, value] of extras ?? []) {
    encoder.uint(tag);
    encoder.binary(value);
  }
}

/** Reads extras: unknown odd tags are kept, unknown even ones refused. Format 1 knows none. */
export function readExtras(decoder: Decoder): Extras | undefined {
  const count = decoder.array();
  if (count === 0) return undefined;
  if (count % 2 !== 0 || count > EXTRAS_MAX * 2) decoder.fail("extras of a wrong length");
  const extras: [number, Uint8Array][] = [];
  let last = -1;
  for (let index = 0; index < count; index += 2) {
    const tag = decoder.uint();
    if (tag <= last) decoder.fail("extras out of order");
    if (tag % 2 === 0) {
      throw new ArtifoldError("FORMAT_UNSUPPORTED", `extra ${tag} must be understood and is not known here`, {
        hint: "A newer artifold made this version. Update artifold.",
      });
    }
    last = tag;
    const value = decoder.binary();
    if (value.length > EXTRA_BYTES_MAX) decoder.fail("an extra too long");
    // A copy: the slice of a Buffer would go on sharing the bytes of whoever read them.
    extras.push([tag, Uint8Array.from(value)]);
  }
  return extras;
}

/** Whether two entries are the same row, byte for byte. */
export function sameEntry(left: Entry, right: Entry): boolean {
  if (left.path !== right.path || left.kind !== right.kind || !sameExtras(left.extras, right.extras)) return false;
  switch (left.kind) {
    case "file": {
      const other = right as FileEntry;
      return left.digest === other.digest && left.size === other.size && left.executable === other.executable;
    }
    case "folder":
      return true;
    case "link":
      return left.target === (right as LinkEntry).target;
    case "reference": {
      const other = right as ReferenceEntry;
      return (
        left.uri === other.uri && left.size === other.size && left.digest === other.digest && left.etag === other.etag
      );
    }
  }
}

function sameExtras(left: Extras | undefined, right: Extras | undefined): boolean {
  if (left === undefined && right === undefined) return true;
  if (left?.length !== right?.length || left === undefined || right === undefined) return false;
  return left.every(([tag, value], index) => {
    const [otherTag, otherValue] = right[index] as readonly [number, Uint8Array];
    return tag === otherTag && value.length === otherValue.length && value.every((byte, at) => byte === otherValue[at]);
  });
}

/** The size of an entry as lists show it: a file's length, a link's target length, a reference's if known. */
export function entrySize(entry: Entry): number {
  switch (entry.kind) {
    case "file":
      return entry.size;
    case "folder":
      return 0;
    case "link":
      return new TextEncoder().encode(entry.target).length;
    case "reference":
      return entry.size ?? 0;
  }
}

/** The digest of an entry as lists show it: of a file's content, of a link's target; `undefined` where none is known. */
export function entryDigest(entry: Entry): Digest | undefined {
  switch (entry.kind) {
    case "file":
    case "reference":
      return entry.digest;
    case "folder":
      return undefined;
    case "link":
      return hashContent(new TextEncoder().encode(entry.target));
  }
}

/** Throws a TypeError for an entry that cannot be written: a check on our own side of the boundary. */
export function checkEntry(entry: Entry): void {
  const problem =
    pathProblem(entry.path) ??
    (entry.kind === "file" ? fileProblem(entry) : undefined) ??
    (entry.kind === "link" ? linkTargetProblem(entry.path, entry.target) : undefined) ??
    (entry.kind === "reference" ? referenceProblem(entry) : undefined);
  if (problem !== undefined) throw new TypeError(`entry ${JSON.stringify(entry.path)}: ${problem}`);
  if (entry.kind === "file" && (!Number.isSafeInteger(entry.size) || entry.size < 0 || entry.size > MAX_INTEGER)) {
    throw new TypeError(`entry ${JSON.stringify(entry.path)}: size ${entry.size}`);
  }
}

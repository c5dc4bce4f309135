/** Checks an adopted file and its table. */
import path from "node:path";
import { CHUNK_MAX_BYTES } from "../chunking/index.ts";
import { type Digest, hashContent } from "../digest/index.ts";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
import { decodeFoot, FOOT_BYTES, openTable, type Table, tablePathOf } from "../objects/index.ts";
import { type FileSystem, readFully, readWholeFile } from "../platform/index.ts";
import { type Found, messageOf } from "./problem.ts";

/** Checks one adopted file. */
export class AdoptedCheck {
  readonly #fs: FileSystem;
  readonly #store: string;
  readonly #fd: number;
  readonly #path: string;
  readonly #length: number;
  #table: Table | undefined;

  /** @param file its path below the store's folder */
  constructor(fs: FileSystem, store: string, fd: number, file: string) {
    this.#fs = fs;
    this.#store = store;
    this.#fd = fd;
    this.#path = file;
    this.#length = fs.stat(fd).size;
  }

  /** The table beside the file, and that it speaks of a file as long as this one. */
  table(): Found[] {
    const file = tablePathOf(this.#path);
    try {
      this.#table = readTable(this.#fs, this.#store, this.#path);
    } catch (error) {
      const { kind, reason } = lostOr(error);
      return [found(kind, file, null, reason, [])];
    }
    const end = chunksEnd(this.#table);
    if (end === this.#length) return [];
    if (end === undefined) return [found("damaged", file, null, "it does not tell of all bytes of a file", [])];
    const beyond = [...this.#table.rows()].filter(({ offset, length }) => offset + length > this.#length);
    const reason = `it has ${this.#length} bytes, and its table tells of ${end}`;
    return [
      found(
        "damaged",
        this.#path,
        null,
        reason,
        beyond.map(({ digest }) => digest),
      ),
    ];
  }

  /** Every byte, by the digest that the file's name should begin with; where that is wrong, chunk by chunk. */
  bytes(hash: Digest): Found[] {
    if (path.basename(this.#path).startsWith(`${hash}-`)) return [];
    const window = Buffer.allocUnsafe(CHUNK_MAX_BYTES);
    const damaged: Found[] = [];
    for (const { digest, offset, length } of this.#table?.rows() ?? []) {
      const bytes = window.subarray(0, length);
      const read = readFully(this.#fs, this.#fd, bytes, offset);
      if (read === length && hashContent(bytes) === digest) continue;
      damaged.push(found("damaged", this.#path, offset, `stored bytes are not those of digest ${digest}`, [digest]));
    }
    return damaged.length > 0 ? damaged : [found("damaged", this.#path, null, "it is not what its name says", [])];
  }
}

/** The chunks that an adopted file should have; none where its table cannot be read. */
export function chunksOfAdopted(fs: FileSystem, store: string, file: string): Digest[] {
  try {
    return [...readTable(fs, store, file).rows()].map(({ digest }) => digest);
  } catch (error) {
    lostOr(error);
    return [];
  }
}

/** @throws ArtifoldError DAMAGED, or an error of the file system */
function readTable(fs: FileSystem, store: string, file: string): Table {
  const bytes = readWholeFile(fs, path.join(store, tablePathOf(file)));
  if (bytes === undefined) throw new ArtifoldError("NOT_FOUND", "it is not there");
  const foot = decodeFoot(bytes.subarray(Math.max(0, bytes.length - FOOT_BYTES)), bytes.length);
  return openTable(bytes.subarray(foot.tableOffset, foot.tableOffset + foot.tableLength), foot);
}

function lostOr(error: unknown): { kind: "lost" | "damaged"; reason: string } {
  if (errnoOf(error) !== undefined) return { kind: "lost", reason: `it cannot be read: ${(error as Error).message}` };
  return { kind: isArtifoldError(error, "NOT_FOUND") ? "lost" : "damaged", reason: messageOf(error) };
}

/** Where the chunks of a table end that lie one after another from the beginning of a file; nothing where they do not. */
function chunksEnd(table: Table): number | undefined {
  let end = 0;
  for (let number = 0; number < table.frameCount; number++) {
    const { offset, length } = table.frame(number);
    if (offset !== end) return undefined;
    end += length;
  }
  return end;
}

function found(
  kind: "lost" | "damaged",
  file: string,
  offset: number | null,
  reason: string,
  objects: readonly Digest[],
): Found {
  return { problem: { kind, file, offset, reason }, objects };
}

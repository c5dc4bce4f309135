/**
 * Whole files beside the store, of which folders may hold links: for those who ask for it, a download then writes nothing that
 * was written before. They are a cache, filled from the store and never a source of content.
 *
 * A cached file is read-only and was last changed one second after the beginning of 1970. Whoever changes it in place, which
 * the mode makes hard, changes that time too: such a file is not linked again but thrown away. (Nix marks its files so.)
 */
import path from "node:path";
import { errnoOf } from "../errors.ts";
import type { FileEntry } from "../manifest/index.ts";
import {
  type FileStat,
  type FileSystem,
  kindOf,
  makeFolders,
  randomHex,
  removeQuietly,
  storeWriteError,
} from "../platform/index.ts";
import type { Written } from "./blob-writer.ts";
import type { OnBytes } from "./on-bytes.ts";
import { TargetFolder } from "./target-folder.ts";

/** The folder of cached files, below the store's. */
export const LINKED_FOLDER = "cache-files";
/** Where they are made, below it: what is left there is nobody's. */
export const FILLING_FOLDER: string = path.join(LINKED_FOLDER, "new");

const MARK_MS = 1000;
const WRITE_BITS = 0o222;

/** Writes files somewhere. */
interface FileWriter {
  write(batch: readonly FileEntry[]): Promise<readonly Written[]>;
}

/** Where files are to be linked, and who writes what cannot be. */
export interface Linking {
  readonly target: TargetFolder;
  /** Writes to the target. */
  readonly writer: FileWriter;
  /** Makes a writer that differs from it in these. */
  readonly fillerOf: (filling: { target: TargetFolder; onBytes: undefined; onUnchecked: undefined }) => FileWriter;
  readonly onBytes?: OnBytes | undefined;
}

/** The cache of one store, for one download. */
export class LinkedFiles {
  /** Where cached files are made. */
  readonly #filling: TargetFolder;
  /** How many files were linked. */
  linked = 0;
  readonly #fs: FileSystem;
  readonly #folder: string;
  readonly #salt: string = randomHex(8);
  #names = 0;
  /** Nothing can be linked from here to the target. */
  #isHopeless: boolean;

  private constructor(fs: FileSystem, store: string, target: string) {
    this.#fs = fs;
    this.#folder = path.join(store, LINKED_FOLDER);
    this.#filling = new TargetFolder(fs, path.join(store, FILLING_FOLDER));
    this.#isHopeless = fs.lookAt(target)?.dev !== fs.lookAt(this.#folder)?.dev;
  }

  /** @param target the folder that is to have the links */
  static async open(fs: FileSystem, store: string, target: string): Promise<LinkedFiles> {
    try {
      await makeFolders(fs, path.join(store, FILLING_FOLDER));
    } catch (error) {
      throw storeWriteError(error, "the cache of linked files");
    }
    return new LinkedFiles(fs, store, target);
  }

  /** Gives what links files, and writes those that cannot be linked. */
  writerOf(linking: Linking): (batch: readonly FileEntry[]) => Promise<readonly Written[]> {
    // What is in the cache is always checked, and nobody is told of it.
    const filler = linking.fillerOf({ target: this.#filling, onBytes: undefined, onUnchecked: undefined });
    return (batch) => (this.#isHopeless ? linking.writer.write(batch) : this.#write(batch, linking, filler));
  }

  async #write(batch: readonly FileEntry[], linking: Linking, filler: FileWriter): Promise<readonly Written[]> {
    await this.#fill(batch, filler);
    const written: Written[] = [];
    for (const entry of batch) {
      const stat = this.#link(entry, linking.target);
      if (stat === undefined) {
        written.push(...(await linking.writer.write([entry])));
        continue;
      }
      this.linked++;
      linking.onBytes?.(entry.size, entry.path, true);
      written.push({ entry, stat });
    }
    return written;
  }

  close(): void {
    this.#filling.close();
  }

  /** Writes those files into the cache that are not there. */
  async #fill(batch: readonly FileEntry[], filler: FileWriter): Promise<void> {
    const missing = new Map<string, FileEntry>();
    for (const entry of batch) {
      const name = nameOf(entry);
      if (missing.has(name) || this.#isKept(entry)) continue;
      missing.set(name, { ...entry, path: `${this.#salt}-${this.#names++}` });
    }
    if (missing.size === 0) return;
    const names = [...missing.keys()];
    const made = await filler.write([...missing.values()]);
    for (const [index, { entry }] of made.entries()) this.#keep(entry.path, names[index] as string);
  }

  /** Gives a file that was made its place in the cache. */
  #keep(made: string, name: string): void {
    const file = path.join(this.#folder, "new", made);
    try {
      const { mode } = this.#fs.lookAt(file) as FileStat;
      this.#fs.setMode(file, mode & 0o777 & ~WRITE_BITS);
      this.#fs.setModifiedTime(file, MARK_MS);
      this.#fs.rename(file, path.join(this.#folder, name));
    } catch (error) {
      throw storeWriteError(error, "the cache of linked files");
    }
  }

  /** Whether a file is in the cache. What was changed there goes. */
  #isKept(entry: FileEntry): boolean {
    const file = path.join(this.#folder, nameOf(entry));
    const stat = this.#fs.lookAt(file);
    if (stat === undefined) return false;
    const { size, mtimeMs, mode } = stat;
    if (kindOf(stat) === "file" && size === entry.size && mtimeMs === MARK_MS && (mode & WRITE_BITS) === 0) return true;
    removeQuietly(this.#fs, file);
    return false;
  }

  /** Makes a link, in the place of what is there. @returns its stat; nothing where no link can be made */
  #link(entry: FileEntry, target: TargetFolder): FileStat | undefined {
    const { file, release } = target.place(entry.path);
    const cached = path.join(this.#folder, nameOf(entry));
    try {
      this.#addName(cached, file);
      return this.#fs.lookAt(file);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === undefined) throw error;
      // One file can have only so many names. Anything else is so for all files.
      if (errno !== "EMLINK") this.#isHopeless = true;
      return undefined;
    } finally {
      release();
    }
  }

  #addName(cached: string, file: string): void {
    try {
      this.#fs.addName(cached, file);
      return;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    const temporary = path.join(path.dirname(file), `.artifold-${randomHex(8)}.tmp`);
    try {
      this.#fs.addName(cached, temporary);
      this.#fs.rename(temporary, file);
    } finally {
      // It is left where the file was this link already: then a rename does nothing.
      removeQuietly(this.#fs, temporary);
    }
  }
}

/** A file that can be executed has another mode, and so is another file. */
function nameOf({ digest, executable }: FileEntry): string {
  return executable ? `${digest}-x` : digest;
}

/**
 * The folder that a download writes into. Nothing is ever written outside of it, whatever a manifest says and whoever
 * changes the folder meanwhile.
 *
 * On Linux each folder is opened part by part without following links, and files are named below its descriptor: a
 * folder that is exchanged for a link after it was opened leads nowhere. Elsewhere each part is looked at before use.
 */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { baseOf, parentOf } from "../manifest/index.ts";
import { type FileStat, type FileSystem, kindOf, openFlags } from "../platform/index.ts";
import { writeError } from "./blob-writer.ts";

/** An open folder stays open while its holder wants it, and a little longer. */
interface OpenFolder {
  readonly fd: number | undefined;
  /** What names in it are appended to. */
  readonly base: string;
  holders: number;
}

/** Gives a folder back. */
export type ReleaseFolder = () => void;

const OPEN_FOLDERS_MAX = 128;

/** One target. */
export class TargetFolder {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #open = new Map<string, OpenFolder>();
  readonly #made = new Set<string>();
  readonly #byDescriptor: boolean = process.platform === "linux";

  /** @param root the folder, which is there: an absolute path without links */
  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#root = root;
  }

  /**
   * Where a path of the version is to be written. The folder that holds it is made if need be, and stays open until it
   * is released.
   */
  place(entryPath: string): { file: string; release: ReleaseFolder } {
    const folder = this.#folder(parentOf(entryPath), true) as OpenFolder;
    folder.holders++;
    let released = false;
    return {
      file: folder.base + baseOf(entryPath),
      release: () => {
        if (released) return;
        released = true;
        folder.holders--;
      },
    };
  }

  /** Looks at what is at a path, without following links; `undefined` when there is nothing, or no such folder. */
  lookAt(entryPath: string): FileStat | undefined {
    const folder = this.#folder(parentOf(entryPath), false);
    return folder === undefined ? undefined : this.#fs.lookAt(folder.base + baseOf(entryPath));
  }

  makeFolder(entryPath: string): void {
    this.#folder(entryPath, true);
  }

  /** Removes a file or link; what is not there is gone already. */
  remove(entryPath: string): void {
    const folder = this.#folder(parentOf(entryPath), false);
    if (folder === undefined) return;
    try {
      this.#fs.remove(folder.base + baseOf(entryPath));
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw writeError(entryPath, error);
    }
  }

  /** Removes a folder if it is empty. @returns whether it is gone */
  removeIfEmpty(entryPath: string): boolean {
    const folder = this.#folder(parentOf(entryPath), false);
    if (folder === undefined) return true;
    this.#forget(entryPath);
    try {
      this.#fs.removeFolder(folder.base + baseOf(entryPath));
      return true;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "ENOENT") return true;
      if (errno === "ENOTEMPTY" || errno === "EEXIST" || errno === "ENOTDIR" || errno === "EBUSY") return false;
      throw writeError(entryPath, error);
    }
  }

  /**
   * Forgets the folders below the root that nobody holds: to be called when folders were removed. Under another form of its
   * name one may still be known that is no longer there.
   */
  forget(): void {
    for (const [open, folder] of this.#open) {
      if (open === "" || folder.holders > 0) continue;
      if (folder.fd !== undefined) this.#fs.close(folder.fd);
      this.#open.delete(open);
    }
    this.#made.clear();
  }

  /** Makes a symbolic link, in the place of a file or link if there is one. */
  makeLink(entryPath: string, target: string): void {
    const { file, release } = this.place(entryPath);
    try {
      try {
        this.#fs.makeLink(target, file);
      } catch (error) {
        if (errnoOf(error) !== "EEXIST") throw error;
        this.#fs.remove(file);
        this.#fs.makeLink(target, file);
      }
    } catch (error) {
      throw writeError(entryPath, error);
    } finally {
      release();
    }
  }

  close(): void {
    for (const folder of this.#open.values()) if (folder.fd !== undefined) this.#fs.close(folder.fd);
    this.#open.clear();
  }

  #folder(folderPath: string, make: boolean): OpenFolder | undefined {
    const known = this.#open.get(folderPath);
    if (known !== undefined) return known;
    const opened = folderPath === "" ? this.#openRoot() : this.#openBelow(folderPath, make);
    if (opened === undefined) return undefined;
    this.#open.set(folderPath, opened);
    this.#closeUnused();
    return opened;
  }

  #openRoot(): OpenFolder {
    const fd = this.#fs.open(this.#root, openFlags.folder);
    return this.#opened(fd, this.#root);
  }

  #openBelow(folderPath: string, make: boolean): OpenFolder | undefined {
    const above = this.#folder(parentOf(folderPath), make);
    if (above === undefined) return undefined;
    const place = above.base + baseOf(folderPath);
    if (make && !this.#made.has(folderPath)) this.#makeAt(place, folderPath);
    try {
      if (this.#byDescriptor) return this.#opened(this.#fs.open(place, openFlags.folder), place);
      const stat = this.#fs.lookAt(place);
      if (stat === undefined) throw Object.assign(new Error("no such folder"), { code: "ENOENT" });
      if (kindOf(stat) !== "folder") throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
      return this.#opened(undefined, place);
    } catch (error) {
      const errno = errnoOf(error);
      if (!make && (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP")) return undefined;
      if (errno === "ENOTDIR" || errno === "ELOOP") {
        throw new ArtifoldError("CONFLICT", `${folderPath} is not a folder, and the version has files below it`, {
          cause: error,
          info: { path: folderPath },
        });
      }
      throw writeError(folderPath, error);
    }
  }

  #makeAt(place: string, folderPath: string): void {
    try {
      this.#fs.makeFolder(place, 0o777);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw writeError(folderPath, error);
    }
    this.#made.add(folderPath);
  }

  #opened(fd: number | undefined, place: string): OpenFolder {
    if (fd !== undefined && this.#byDescriptor) return { fd, base: `/proc/self/fd/${fd}/`, holders: 0 };
    if (fd !== undefined) this.#fs.close(fd);
    return { fd: undefined, base: place + path.sep, holders: 0 };
  }

  /** Closes folders that nobody holds, oldest first, when many are open. */
  #closeUnused(): void {
    if (this.#open.size <= OPEN_FOLDERS_MAX) return;
    for (const [folderPath, folder] of this.#open) {
      if (this.#open.size <= OPEN_FOLDERS_MAX / 2) return;
      // The root is needed for everything; the newest one was asked for just now.
      if (folderPath === "" || folder.holders > 0 || folder === [...this.#open.values()].at(-1)) continue;
      if (folder.fd !== undefined) this.#fs.close(folder.fd);
      this.#open.delete(folderPath);
    }
  }

  #forget(folderPath: string): void {
    this.#made.delete(folderPath);
    for (const [open, folder] of this.#open) {
      if (open !== folderPath && !open.startsWith(`${folderPath}/`)) continue;
      if (folder.holders > 0) continue;
      if (folder.fd !== undefined) this.#fs.close(folder.fd);
      this.#open.delete(open);
    }
  }
}

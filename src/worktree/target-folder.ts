/**
 * The folder that a download writes into. Nothing is ever written outside of it, whatever a manifest says and whoever
 * changes the folder meanwhile.
 *
 * On Linux each folder is opened part by part without following links, and files are named below its descriptor: a
 * folder that is exchanged for a link after it was opened leads nowhere. Elsewhere each part is looked at before use.
 *
 * There, too, the folders of a target that was empty are hidden at first: they get their names when the first files in them
 * are whole. Until then files are written straight, which spares a rename for each, a fifth of what writing small files costs.
 */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { baseOf, joinPath, parentOf } from "../manifest/index.ts";
import { type FileStat, type FileSystem, kindOf, openFlags } from "../platform/index.ts";
import { temporaryNames, writeError } from "./blob-writer.ts";

/** An open folder stays open while its holder wants it, and a little longer. */
interface OpenFolder {
  readonly fd: number | undefined;
  /** What names in it are appended to. */
  readonly base: string;
  holders: number;
}

/** Gives a folder back. */
export type ReleaseFolder = () => void;

/** A folder that has another name than it shall have. */
interface HiddenFolder {
  readonly folder: OpenFolder;
  /** The folder that it is in. */
  readonly above: OpenFolder;
  readonly temporary: string;
  /** How many files are being written in it, and how many were or are. */
  waiting: number;
  files: number;
  /** Whether files still come that may be written straight. */
  isOpen: boolean;
}

const OPEN_FOLDERS_MAX = 128;
const NAMES_AT_ONCE = 1024;
/** So many files of a folder are written before it has its name: whoever stops a download loses no more. */
const HIDDEN_FILES_MAX = 4096;

/** What a folder's rename fails with where something else has its name. */
const inTheWay: ReadonlySet<string> = new Set(["ENOTEMPTY", "EEXIST", "ENOTDIR"]);

/** One target. */
export class TargetFolder {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #open = new Map<string, OpenFolder>();
  readonly #made = new Set<string>();
  readonly #byDescriptor: boolean = process.platform === "linux";
  readonly #hides: boolean;
  readonly #hidden = new Map<string, HiddenFolder>();
  readonly #temporaryName: () => string = temporaryNames();
  /** The folder of the file that was placed last: a version's files come folder by folder. */
  #current = "";

  /**
   * @param root the folder, which is there: an absolute path without links
   * @param wasEmpty whether there was nothing in it
   */
  constructor(fs: FileSystem, root: string, wasEmpty = false) {
    this.#fs = fs;
    this.#root = root;
    this.#hides = wasEmpty && this.#byDescriptor;
  }

  /**
   * As {@link place}, of a file. Where it says `isHidden`, nobody finds the file by its path before it is released: it may be
   * written under its own name. @throws ArtifoldError on release: CONFLICT where something else has come where the folder was to be
   */
  placeFile(entryPath: string): { file: string; isHidden: boolean; release: ReleaseFolder } {
    const folderPath = parentOf(entryPath);
    if (this.#current !== folderPath) this.#closeHidden(this.#current);
    this.#current = folderPath;
    const hidden = this.#hidden.get(folderPath) ?? this.#hide(folderPath);
    const { file, release } = this.place(entryPath);
    if (hidden?.isOpen !== true) return { file, isHidden: false, release };
    hidden.waiting++;
    hidden.files++;
    if (hidden.files >= HIDDEN_FILES_MAX) hidden.isOpen = false;
    let released = false;
    return {
      file,
      isHidden: true,
      release: () => {
        release();
        if (released) return;
        released = true;
        hidden.waiting--;
        this.#showIfWhole(folderPath, hidden);
      },
    };
  }

  /** Gives all folders their names: to be called when all files are written, or given up. */
  showAll(): void {
    for (const folderPath of [...this.#hidden.keys()]) this.#closeHidden(folderPath);
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

  /** Removes a file or folder that is still being written, and all that is in it: what a download left that was stopped. */
  removeTemporary(entryPath: string): void {
    const folder = this.#folder(entryPath, false);
    if (folder === undefined) {
      this.remove(entryPath);
      return;
    }
    const inIt: string[] = [];
    const reader = this.#fs.openFolder(folder.base);
    try {
      while (reader.next(NAMES_AT_ONCE, (name) => inIt.push(joinPath(entryPath, name))));
    } finally {
      reader.close();
    }
    for (const each of inIt) this.removeTemporary(each);
    this.removeIfEmpty(entryPath);
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

  /** Makes a folder under another name than its own. @returns nothing where it was made already, or folders are not hidden */
  #hide(folderPath: string): HiddenFolder | undefined {
    if (!this.#hides || folderPath === "" || this.#made.has(folderPath)) return undefined;
    const above = this.#folder(parentOf(folderPath), true) as OpenFolder;
    const temporary = above.base + this.#temporaryName();
    try {
      this.#fs.makeFolder(temporary, 0o777);
      const folder = this.#opened(this.#fs.open(temporary, openFlags.folder), temporary);
      // Both stay open: neither is found by its path meanwhile.
      folder.holders++;
      above.holders++;
      this.#open.set(folderPath, folder);
      this.#made.add(folderPath);
      const hidden = { folder, above, temporary, waiting: 0, files: 0, isOpen: true };
      this.#hidden.set(folderPath, hidden);
      return hidden;
    } catch (error) {
      throw writeError(folderPath, error);
    }
  }

  #closeHidden(folderPath: string): void {
    const hidden = this.#hidden.get(folderPath);
    if (hidden === undefined) return;
    hidden.isOpen = false;
    this.#showIfWhole(folderPath, hidden);
  }

  #showIfWhole(folderPath: string, { folder, above, temporary, waiting, isOpen }: HiddenFolder): void {
    if (isOpen || waiting > 0 || !this.#hidden.delete(folderPath)) return;
    try {
      this.#fs.rename(temporary, above.base + baseOf(folderPath));
    } catch (error) {
      if (!inTheWay.has(errnoOf(error) ?? "")) throw writeError(folderPath, error);
      throw new ArtifoldError("CONFLICT", `something has come where the folder ${folderPath} was to be`, {
        cause: error,
        info: { path: folderPath },
        hint: "Move it away and run the download again.",
      });
    } finally {
      folder.holders--;
      above.holders--;
    }
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
    const newest = [...this.#open.values()].at(-1);
    for (const [folderPath, folder] of this.#open) {
      if (this.#open.size <= OPEN_FOLDERS_MAX / 2) return;
      // The root is needed for everything; the newest one was asked for just now.
      if (folderPath === "" || folder.holders > 0 || folder === newest) continue;
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

/** The files of a folder remote: where keys lie, what stands in the way, and what trouble there means. */
import path from "node:path";
import { type ArtifoldError, errnoOf, type Happened, isArtifoldError } from "../errors.ts";
import { type FileStat, type FileSystem, flushFolder, kindOf, makeFolders } from "../platform/index.ts";
import { remoteError } from "./errors.ts";

/** The folder and what is known of it. */
export class FolderFiles {
  readonly fs: FileSystem;
  readonly url: string;
  /** Without links. */
  readonly root: string;
  readonly #rootStat: FileStat;
  readonly #known = new Set<string>();
  #flushesNames = true;

  private constructor(fs: FileSystem, url: string, root: string, rootStat: FileStat) {
    this.fs = fs;
    this.url = url;
    this.root = root;
    this.#rootStat = rootStat;
  }

  /** @throws ArtifoldError NOT_FOUND when the folder is not there and is not to be made */
  static async open(fs: FileSystem, url: string, folder: string, isMade: boolean): Promise<FolderFiles> {
    try {
      if (isMade) await makeFolders(fs, folder);
      const root = fs.realPath(folder);
      const stat = fs.lookAt(root);
      if (stat !== undefined && kindOf(stat) === "folder") return new FolderFiles(fs, url, root, stat);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw folderError(error, url);
    }
    throw remoteError("NOT_FOUND", url, "there is no such folder", {
      hint: "Make the folder first, or connect the disk that it is on.",
    });
  }

  /** Whether a folder's names can be flushed: known after the first one was. */
  get flushesNames(): boolean {
    return this.#flushesNames;
  }

  pathOf(key: string): string {
    return path.join(this.root, ...key.split("/"));
  }

  /** What stands at a key; `undefined` for nothing and for a folder, which is the beginning of other keys. */
  lookAt(key: string): FileStat | undefined {
    if (!this.findFolder(path.posix.dirname(key))) return undefined;
    const stat = this.fs.lookAt(this.pathOf(key));
    if (stat === undefined || kindOf(stat) === "folder") return undefined;
    if (kindOf(stat) !== "file") throw this.strange(key);
    return stat;
  }

  /**
   * Makes sure that a folder of keys is a folder, and not a link that leads elsewhere.
   *
   * @returns whether it is there
   */
  findFolder(folder: string): boolean {
    if (folder === "." || this.#known.has(folder)) return true;
    if (!this.findFolder(path.posix.dirname(folder))) return false;
    const stat = this.fs.lookAt(this.pathOf(folder));
    if (stat === undefined) return false;
    if (kindOf(stat) === "file") return false;
    if (kindOf(stat) !== "folder") throw this.strange(folder);
    // Kept for its speed only: forgetting all of it now and then does no harm.
    if (this.#known.size > 100_000) this.#known.clear();
    this.#known.add(folder);
    return true;
  }

  /** Makes a folder of keys and those above it, each durable in its parent, with the rights of the whole. */
  async makeFolder(folder: string): Promise<void> {
    if (this.findFolder(folder)) return;
    await this.makeFolder(path.posix.dirname(folder));
    const made = this.pathOf(folder);
    try {
      this.fs.makeFolder(made, this.mode(0o777));
      this.#setMode(made, 0o777);
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
    await this.flushNames(path.dirname(made));
    if (!this.findFolder(folder)) throw new TypeError(`${folder} is a key, and cannot begin others`);
  }

  /** The rights that a new file or folder gets: as far as the whole folder gives them. */
  mode(most: number): number {
    return Number(this.#rootStat.mode) & most;
  }

  /** As a file is published: readable by all who may read the whole folder, writable by nobody. */
  protect(file: string): void {
    this.#setMode(file, 0o444);
  }

  /** Where the folder is shared, what is in it is too, whatever this user's umask says. */
  #setMode(made: string, most: number): void {
    try {
      this.fs.setMode(made, this.mode(most));
    } catch {
      // Where rights cannot be set there are none to give.
    }
  }

  /** Folders that were there may be gone. */
  forgetFolders(): void {
    this.#known.clear();
  }

  /** Makes the names in a folder durable, where that can be done (rule R6). */
  async flushNames(folder: string): Promise<void> {
    try {
      await flushFolder(this.fs, folder);
    } catch (error) {
      if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EISDIR"].includes(errnoOf(error) ?? "")) throw error;
      this.#flushesNames = false;
    }
  }

  /** Throws when the folder is not the one that was opened: a disk that was taken out is not an empty remote. */
  checkRoot(): void {
    const now = this.fs.lookAt(this.root);
    if (now !== undefined && now.ino === this.#rootStat.ino && now.dev === this.#rootStat.dev) return;
    throw remoteError("NOT_FOUND", this.url, "the folder is gone, or another one is in its place", {
      hint: "Connect the disk that it is on, and try again.",
    });
  }

  strange(key: string): ArtifoldError {
    return remoteError("DAMAGED", this.url, `${key} is a link or a device, and is not followed`, {
      hint: "Only files and folders belong here. Look who put it there, and remove it.",
    });
  }

  /** Runs an action on the files; what the machine refuses is told as trouble of the remote. */
  async run<Result>(action: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw folderError(error, this.url);
    }
  }
}

const DENIED = new Set(["EACCES", "EPERM", "EROFS"]);

/** What an error of the machine means for the remote. Others pass as they are. */
export function folderError(error: unknown, url: string, happened: Happened = "no"): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || isArtifoldError(error)) return error;
  const { message } = error as Error;
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    return remoteError("NO_SPACE", url, "no space left", {
      cause: error,
      happened,
      hint: "Make room on the disk of the remote and try again: what was transferred stays.",
    });
  }
  if (DENIED.has(errno)) return remoteError("DENIED", url, message, { cause: error, happened });
  // A network mount that is away for a moment.
  const transient = ["EIO", "ESTALE", "ETIMEDOUT", "EHOSTDOWN", "ENOTCONN", "EAGAIN", "EBUSY", "EMFILE"].includes(
    errno,
  );
  return remoteError("UNREACHABLE", url, message, { cause: error, happened, transient });
}

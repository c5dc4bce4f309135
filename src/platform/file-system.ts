/**
 * The file system port: every file call of artifold goes through it (SQLite's own excepted), so that tests can count
 * calls, inject errors and lose what was not flushed.
 *
 * Metadata calls are synchronous: they are four to ten times faster than promises. What may take long on a slow disk
 * (large writes, flushes, names that are given right after them) is asynchronous. Errors are those of Node, with `code` and `path`.
 */
import fs from "node:fs";

/**
 * What is known of a file without opening it. Times are milliseconds since 1970 with a fraction, exact to a quarter of a
 * microsecond; an inode of more than 53 bits is rounded. Exact ones would be big integers, and a scan of many files would
 * spend a third of its time on making them.
 */
export interface FileStat {
  readonly mode: number;
  readonly ino: number;
  readonly dev: number;
  readonly uid: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** What a name in a folder is, as far as the folder itself says. */
export type NameKind = "file" | "folder" | "link" | "other" | "unknown";

/** Receives the names of a folder, in the folder's own order. */
export type OnName = (name: string, kind: NameKind) => void;

/** An open folder that gives its names piece by piece, so that a folder of a million does not hold up the process. */
export interface FolderReader {
  /** Gives up to `max` names; false when there are no more. */
  next(max: number, onName: OnName): boolean;
  close(): void;
}

/** The calls. Paths are absolute. `write` and `read` may do less than asked, like the system calls they are. */
export interface FileSystem {
  /** Whose rules for names hold. */
  readonly platform: NodeJS.Platform;
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  /** Reads into the buffer; 0 at the end of the file. `position` null: at the descriptor's own place. */
  read(fd: number, buffer: Uint8Array, position: number | null): number;
  /** As `read`, off the main thread: for large buffers, which must not be touched until it settles. */
  readLater(fd: number, buffer: Uint8Array, position: number): Promise<number>;
  /** Writes from the buffer and says how much of it. */
  write(fd: number, buffer: Uint8Array, position: number | null): number;
  /** As `write`, off the main thread: for large buffers, which must not be touched until it settles. */
  writeLater(fd: number, buffer: Uint8Array, position: number): Promise<number>;
  /** As `writeLater`, of several buffers one after another. */
  writeManyLater(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number>;
  /** Makes a file's (or folder's) bytes durable. After an error the descriptor must not be flushed again. */
  flush(fd: number): Promise<void>;
  truncate(fd: number, size: number): void;
  stat(fd: number): FileStat;
  /** Looks at a path without following a link in its last part; `undefined` when there is nothing. */
  lookAt(path: string): FileStat | undefined;
  /** Opens a folder for reading its names. */
  openFolder(path: string): FolderReader;
  /** The names of a folder as bytes: for those that are not UTF-8. */
  namesAsBytes(path: string): Buffer[];
  makeFolder(path: string, mode?: number): void;
  removeFolder(path: string): void;
  remove(path: string): void;
  rename(from: string, to: string): void;
  /** As `rename`, off the main thread: a file system whose journal is busy with what was just written lets it wait. */
  renameLater(from: string, to: string): Promise<void>;
  /** Gives a file a second name (a hard link); fails with EEXIST when that is taken, by whatever. */
  addName(path: string, another: string): void;
  /**
   * Makes a new file that shares the bytes of another until one of them is changed. Fails where the file system cannot share,
   * or the two are not in the same one. Off the main thread: what was just written to the other is flushed first.
   */
  clone(from: string, to: string): Promise<void>;
  makeLink(target: string, path: string): void;
  /** The target of a symbolic link, as bytes: it need not be UTF-8. */
  readLink(path: string): Buffer;
  setMode(path: string, mode: number): void;
  /** As `setMode`, off the main thread. */
  setModeLater(path: string, mode: number): Promise<void>;
  /** Sets when a file's bytes were last changed. @param ms since 1970 */
  setModifiedTime(path: string, ms: number): void;
  /** The path without links; throws ENOENT when there is nothing. */
  realPath(path: string): string;
}

const { COPYFILE_FICLONE_FORCE, COPYFILE_EXCL } = fs.constants;
const orAbsent = { throwIfNoEntry: false } as const;

/** The real file system. */
export const nodeFileSystem: FileSystem = {
  platform: process.platform,
  open: (path, flags, mode) => fs.openSync(path, flags, mode),
  close: (fd) => fs.closeSync(fd),
  read: (fd, buffer, position) => fs.readSync(fd, buffer, 0, buffer.byteLength, position),
  readLater: (fd, buffer, position) =>
    new Promise((resolve, reject) => {
      fs.read(fd, buffer, 0, buffer.byteLength, position, (error, read) =>
        error === null ? resolve(read) : reject(error),
      );
    }),
  write: (fd, buffer, position) => fs.writeSync(fd, buffer, 0, buffer.byteLength, position),
  writeLater: (fd, buffer, position) =>
    new Promise((resolve, reject) => {
      fs.write(fd, buffer, 0, buffer.byteLength, position, (error, written) =>
        error === null ? resolve(written) : reject(error),
      );
    }),
  writeManyLater: (fd, buffers, position) =>
    new Promise((resolve, reject) => {
      fs.writev(fd, buffers, position, (error, written) => (error === null ? resolve(written) : reject(error)));
    }),
  // On macOS libuv turns fsync into F_FULLFSYNC; fdatasync would stop at the drive's cache there.
  flush: (fd) =>
    new Promise((resolve, reject) => {
      fs.fsync(fd, (error) => (error === null ? resolve() : reject(error)));
    }),
  truncate: (fd, size) => fs.ftruncateSync(fd, size),
  stat: (fd) => fs.fstatSync(fd),
  lookAt: (path) => fs.lstatSync(path, orAbsent),
  openFolder: (path) =>
    fs.statSync(path).size <= SMALL_FOLDER_BYTES
      ? new SmallFolderReader(fs.readdirSync(path, { withFileTypes: true }))
      : new NodeFolderReader(fs.opendirSync(path, { bufferSize: 1024 })),
  namesAsBytes: (path) => fs.readdirSync(path, { encoding: "buffer" }),
  makeFolder: (path, mode) => void fs.mkdirSync(path, mode),
  removeFolder: (path) => fs.rmdirSync(path),
  remove: (path) => fs.unlinkSync(path),
  rename: (from, to) => fs.renameSync(from, to),
  renameLater: (from, to) => fs.promises.rename(from, to),
  addName: (path, another) => fs.linkSync(path, another),
  clone: (from, to) =>
    new Promise((resolve, reject) => {
      const flags = COPYFILE_FICLONE_FORCE | COPYFILE_EXCL;
      fs.copyFile(from, to, flags, (error) => (error === null ? resolve() : reject(error)));
    }),
  makeLink: (target, path) => fs.symlinkSync(target, path),
  readLink: (path) => fs.readlinkSync(path, { encoding: "buffer" }),
  setMode: (path, mode) => fs.chmodSync(path, mode),
  setModeLater: (path, mode) => fs.promises.chmod(path, mode),
  setModifiedTime: (path, ms) => fs.utimesSync(path, ms / 1000, ms / 1000),
  realPath: (path) => fs.realpathSync.native(path),
};

/**
 * The size of a folder says how many names it holds, on most file systems at least: in so many bytes there are a few
 * thousand. They are read at once, in half the time that it takes one by one.
 */
const SMALL_FOLDER_BYTES: number = 256 * 1024;

class SmallFolderReader implements FolderReader {
  readonly #names: readonly fs.Dirent[];
  #next = 0;

  constructor(names: readonly fs.Dirent[]) {
    this.#names = names;
  }

  next(max: number, onName: OnName): boolean {
    for (const end = this.#next + max; this.#next < end; this.#next++) {
      const entry = this.#names[this.#next];
      if (entry === undefined) return false;
      onName(entry.name, nameKind(entry));
    }
    return true;
  }

  close(): void {}
}

class NodeFolderReader implements FolderReader {
  readonly #folder: fs.Dir;

  constructor(folder: fs.Dir) {
    this.#folder = folder;
  }

  next(max: number, onName: OnName): boolean {
    for (let count = 0; count < max; count++) {
      const entry = this.#folder.readSync();
      if (entry === null) return false;
      onName(entry.name, nameKind(entry));
    }
    return true;
  }

  close(): void {
    this.#folder.closeSync();
  }
}

function nameKind(entry: fs.Dirent): NameKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (entry.isSymbolicLink()) return "link";
  return entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice() ? "other" : "unknown";
}

const { S_IFMT, S_IFREG, S_IFDIR, S_IFLNK } = fs.constants;

/** What a stat says the thing is; FIFOs, sockets and devices are `"other"`. */
export function kindOf(stat: FileStat): "file" | "folder" | "link" | "other" {
  const type = stat.mode & S_IFMT;
  if (type === S_IFREG) return "file";
  if (type === S_IFDIR) return "folder";
  return type === S_IFLNK ? "link" : "other";
}

/** Whether the owner may execute the file: the one mode bit that a version keeps. */
export function isExecutable(stat: FileStat): boolean {
  return (stat.mode & 0o100) !== 0;
}

const { O_RDONLY, O_RDWR, O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_DIRECT } =
  fs.constants;

/** Ways to open, by purpose. Where a platform lacks a flag it is 0. */
export const openFlags = {
  /** A file of the store. */
  read: O_RDONLY,
  /** A file whose bytes are to come from the disk, past the page cache, to whole pages; `undefined` where there is no such way. */
  readPastMemory: O_DIRECT === undefined ? undefined : O_RDONLY | O_DIRECT,
  /** A file of the store whose bytes are to go to the disk like that. */
  writePastMemory: O_DIRECT === undefined ? undefined : O_WRONLY | O_DIRECT,
  readWrite: O_RDWR,
  /** A new file: fails with EEXIST when the name is taken. */
  createNew: O_WRONLY | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0),
  /** As createNew, and readable: a pack is read while it is still written. */
  createNewReadable: O_RDWR | O_CREAT | O_EXCL | (O_NOFOLLOW ?? 0),
  /** A file of several programs' that lines are added to, made if it is not there. */
  append: O_WRONLY | O_APPEND | O_CREAT,
  /** A file of the user's: a link put in its place is not followed, a FIFO does not block. */
  readUserFile: O_RDONLY | (O_NOFOLLOW ?? 0) | (O_NONBLOCK ?? 0),
  /** A folder, to flush it or to work below it; a link in its place is refused. */
  folder: O_RDONLY | (O_DIRECTORY ?? 0) | (O_NOFOLLOW ?? 0),
} as const;

/**
 * The folder remote: a local disk, a USB stick, a network mount. A key is a file of that name.
 *
 * A create writes a temporary file beside the final place, flushes it, gives it its name with link(2), which never
 * replaces, takes the temporary name away and flushes the folder. So a name is there whole and durable, and once.
 *
 * Where there are no hard links (exFAT, some network mounts) nothing in Node's reach publishes content under a name only
 * if it is absent: O_EXCL makes an empty file first, and rename replaces. There a look and a rename take its place, for a
 * caller who said that he is the only writer, and within this process, which does nothing between the two.
 */
import path from "node:path";
import { errnoOf, throwIfAborted } from "../errors.ts";
import {
  Breather,
  type FileStat,
  type FileSystem,
  kindOf,
  type NameKind,
  networkFileSystem,
  nodeFileSystem,
  openFlags,
  readFully,
  removeQuietly,
  TEMPORARY_PREFIX,
  temporaryPath,
  writeFullyLater,
} from "../platform/index.ts";
import { checkedRemote } from "./checked.ts";
import { remoteError } from "./errors.ts";
import { FolderFiles, folderError } from "./folder-files.ts";
import { sortedNames } from "./folder-list.ts";
import { keyProblem } from "./key.ts";
import {
  BODY_BYTES_MAX,
  type ListedKey,
  type Remote,
  type RemoteCallOptions,
  type RemoteRange,
  type RemoteTraits,
} from "./remote.ts";
import { mayBegin } from "./subtree.ts";

/** How to open a folder. */
export interface FolderRemoteOptions {
  /** What the user wrote. Default: the folder. */
  readonly url?: string | undefined;
  /** `"one"`: the caller knows that nobody else writes, which is needed where there are no hard links. Default `"many"`. */
  readonly writers?: "many" | "one" | undefined;
  /** Makes the folder if it is not there. */
  readonly makeFolder?: boolean | undefined;
  readonly fs?: FileSystem | undefined;
}

const PIECE_BYTES = 4 * 1024 * 1024;
/** Less is read faster at once than in another thread. */
const READ_AT_ONCE_BYTES = 64 * 1024;
/** A temporary file that is older was left behind. A writer that takes longer than that begins again. */
const LEFTOVER_MS: number = 24 * 60 * 60 * 1000;
/** What link(2) fails with where there are no hard links; EISDIR is what Windows' "invalid function" becomes. */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EISDIR", "ENOTIMPL"]);

/**
 * Opens a folder.
 *
 * @param folder an absolute path
 * @throws ArtifoldError NOT_FOUND when it is not there
 */
export async function openFolderRemote(folder: string, options: FolderRemoteOptions = {}): Promise<Remote> {
  const { fs = nodeFileSystem, url = folder, writers = "many", makeFolder = false } = options;
  return checkedRemote(new FolderRemote(await FolderFiles.open(fs, url, folder, makeFolder), writers));
}

class FolderRemote implements Remote {
  readonly #files: FolderFiles;
  readonly #fs: FileSystem;
  readonly #writers: "many" | "one";
  readonly #network: string | undefined;
  readonly #swept = new Set<string>();
  /** Small calls do not wait for anything: without pauses a long row of them would hold up the process. */
  readonly #breather = new Breather();
  #hasLinks = true;

  constructor(files: FolderFiles, writers: "many" | "one") {
    this.#files = files;
    this.#fs = files.fs;
    this.#writers = writers;
    this.#network = networkFileSystem(files.root);
  }

  get url(): string {
    return this.#files.url;
  }

  get traits(): RemoteTraits {
    const isLocal = this.#network === undefined;
    return {
      concurrency: 8,
      bodyBytesMax: BODY_BYTES_MAX,
      requestBytes: 64 * 1024,
      creates: this.#hasLinks ? (isLocal ? "always" : "unknown") : "by one writer",
      durable: isLocal ? (this.#files.flushesNames ? "flushed" : "body flushed") : "unknown",
    };
  }

  async read(key: string, range?: RemoteRange, options: RemoteCallOptions = {}): Promise<Uint8Array | undefined> {
    await this.#begin(options);
    return this.#files.run(async () => {
      if (this.#files.lookAt(key) === undefined) return this.#absent();
      let fd: number;
      try {
        fd = this.#fs.open(this.#files.pathOf(key), openFlags.readUserFile);
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return this.#absent();
        throw error;
      }
      try {
        return await this.#readOpen(fd, key, range, options);
      } finally {
        this.#fs.close(fd);
      }
    });
  }

  async #readOpen(
    fd: number,
    key: string,
    range: RemoteRange | undefined,
    { signal, onTraffic }: RemoteCallOptions,
  ): Promise<Uint8Array> {
    const stat = this.#fs.stat(fd);
    if (kindOf(stat) !== "file") throw this.#files.strange(key);
    const size = Number(stat.size);
    const begin = Math.min(range?.offset ?? 0, size);
    const length = Math.min(range?.length ?? size, size - begin);
    if (range === undefined && length > BODY_BYTES_MAX) {
      throw remoteError("DAMAGED", this.url, `${key} has ${length} bytes: more than any key has`);
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const piece = bytes.subarray(done, done + PIECE_BYTES);
      const read =
        piece.length <= READ_AT_ONCE_BYTES
          ? readFully(this.#fs, fd, piece, begin + done)
          : await this.#fs.readLater(fd, piece, begin + done);
      if (read === 0) throw remoteError("DAMAGED", this.url, `${key} became shorter while it was read`);
      done += read;
      await onTraffic?.("received", read);
      throwIfAborted(signal);
    }
    return bytes;
  }

  async create(key: string, bytes: Uint8Array, options: RemoteCallOptions = {}): Promise<"created" | "exists"> {
    await this.#begin(options);
    return this.#files.run(async () => {
      for (let tries = 0; ; tries++) {
        if (this.#files.lookAt(key) !== undefined) return this.#exists(key);
        this.#files.checkRoot();
        try {
          return await this.#createOnce(key, bytes, options);
        } catch (error) {
          // The folder was removed, or a sweep took our temporary file for a leftover: nothing happened, so begin again.
          if (errnoOf(error) !== "ENOENT" || tries === 3) throw error;
          this.#files.forgetFolders();
        }
      }
    });
  }

  async #createOnce(key: string, bytes: Uint8Array, options: RemoteCallOptions): Promise<"created" | "exists"> {
    await this.#files.makeFolder(path.posix.dirname(key));
    const final = this.#files.pathOf(key);
    const temporary = temporaryPath(final);
    const fd = this.#fs.open(temporary, openFlags.createNew, this.#files.mode(0o666) | 0o200);
    try {
      try {
        await this.#writePieces(fd, bytes, options);
        await this.#fs.flush(fd);
        await this.#sweep(path.dirname(final), this.#fs.stat(fd));
      } finally {
        this.#fs.close(fd);
      }
      throwIfAborted(options.signal);
      this.#files.protect(temporary);
      if (!this.#publish(temporary, final)) return await this.#exists(key);
    } finally {
      removeQuietly(this.#fs, temporary);
    }
    return this.#settled(final, "created");
  }

  async #writePieces(fd: number, bytes: Uint8Array, { signal, onTraffic }: RemoteCallOptions): Promise<void> {
    for (let done = 0; done < bytes.length; done += PIECE_BYTES) {
      const piece = bytes.subarray(done, done + PIECE_BYTES);
      await onTraffic?.("sent", piece.length);
      throwIfAborted(signal);
      await writeFullyLater(this.#fs, fd, piece, done);
    }
  }

  /** Gives the file its name; false when that is taken. */
  #publish(temporary: string, final: string): boolean {
    if (this.#hasLinks) {
      try {
        this.#fs.addName(temporary, final);
        return true;
      } catch (error) {
        const errno = errnoOf(error) ?? "";
        if (errno === "EEXIST") return this.#isOurs(temporary, final);
        if (errno === "ENOENT") throw error;
        if (!NO_LINKS.has(errno)) throw folderError(error, this.url, "unknown");
        this.#hasLinks = false;
      }
    }
    if (this.#writers === "many") {
      throw remoteError(
        "DENIED",
        this.url,
        "this file system has no hard links, so two writers could replace each other",
        {
          hint: "Read from it, or say that you are its only writer.",
        },
      );
    }
    if (this.#fs.lookAt(final) !== undefined) return false;
    this.#fs.rename(temporary, final);
    return true;
  }

  /** A network mount may ask twice when the first answer was lost, and then meets its own name. */
  #isOurs(temporary: string, final: string): boolean {
    const [one, other] = [this.#fs.lookAt(temporary), this.#fs.lookAt(final)];
    return one !== undefined && one.ino !== 0 && one.ino === other?.ino && one.dev === other.dev;
  }

  /** Who hears that a key exists relies on it: it is as durable then as what he creates himself. */
  async #exists(key: string): Promise<"exists"> {
    if (this.#files.lookAt(key) === undefined) throw new TypeError(`${key} begins other keys`);
    return this.#settled(this.#files.pathOf(key), "exists");
  }

  async #settled<Answer>(final: string, answer: Answer): Promise<Answer> {
    try {
      await this.#files.flushNames(path.dirname(final));
    } catch (error) {
      throw folderError(error, this.url, "unknown");
    }
    return answer;
  }

  async *list(prefix: string, after = "", options: RemoteCallOptions = {}): AsyncGenerator<ListedKey, void, undefined> {
    await this.#begin(options);
    await this.#files.run(() => this.#files.checkRoot());
    // Straight to the folder that the prefix names: those above it may be large.
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    yield* this.#listBelow(folder, { prefix, after, breather: new Breather(options.signal), ...options });
  }

  /** @param folder "" or a folder of keys with "/" behind it */
  async *#listBelow(folder: string, request: ListRequest): AsyncGenerator<ListedKey, void, undefined> {
    const { prefix, after, breather, signal, onTraffic } = request;
    let received = 0;
    const isWanted = (name: string): boolean => {
      if (keyProblem(folder + name) !== undefined || !mayBegin(folder + name, prefix, after)) return false;
      received += name.length;
      return true;
    };
    const names = await this.#files.run(() => this.#namesOf(folder, isWanted, signal));
    if (received > 0) await onTraffic?.("received", received);
    for (const { name, kind } of names) {
      if (breather.due()) await breather.pause();
      const key = folder + name;
      const found = await this.#files.run(() => this.#lookAtListed(key, kind));
      if (found === "folder") yield* this.#listBelow(`${key}/`, request);
      else if (found !== undefined && key.startsWith(prefix) && key > after) yield { key, size: Number(found.size) };
    }
  }

  async #namesOf(
    folder: string,
    isWanted: (name: string) => boolean,
    signal: AbortSignal | undefined,
  ): ReturnType<typeof sortedNames> {
    if (folder !== "" && !this.#files.findFolder(folder.slice(0, -1))) return [];
    try {
      return await sortedNames(this.#fs, this.#files.pathOf(folder), isWanted, signal);
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      this.#files.checkRoot();
      return [];
    }
  }

  #lookAtListed(key: string, kind: NameKind): FileStat | "folder" | undefined {
    if (kind === "folder") return "folder";
    const stat = this.#fs.lookAt(this.#files.pathOf(key));
    if (stat === undefined) return undefined;
    if (kindOf(stat) === "folder") return "folder";
    if (kindOf(stat) !== "file") throw this.#files.strange(key);
    return stat;
  }

  async delete(key: string, options: RemoteCallOptions = {}): Promise<void> {
    await this.#begin(options);
    await this.#files.run(async () => {
      if (this.#files.lookAt(key) === undefined) return this.#files.checkRoot();
      const file = this.#files.pathOf(key);
      try {
        this.#fs.remove(file);
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw error;
      }
      await this.#settled(file, undefined);
    });
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  async #begin({ signal, onTraffic }: RemoteCallOptions): Promise<void> {
    await onTraffic?.("requests", 1);
    if (this.#breather.due()) await this.#breather.pause();
    throwIfAborted(signal);
  }

  #absent(): undefined {
    this.#files.checkRoot();
    return undefined;
  }

  /**
   * Removes what killed writers left in a folder, when the first key is created there. Ages are told by the place's own
   * clock, the time of our own file. Where a writer still lives, its create finds its file gone and begins again.
   */
  async #sweep(folder: string, ours: FileStat): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    const isTemporary = (name: string): boolean => name.startsWith(TEMPORARY_PREFIX);
    for (const { name } of await sortedNames(this.#fs, folder, isTemporary, undefined)) {
      const file = path.join(folder, name);
      const stat = this.#fs.lookAt(file);
      if (stat !== undefined && kindOf(stat) === "file" && stat.mtimeMs < ours.mtimeMs - LEFTOVER_MS)
        removeQuietly(this.#fs, file);
    }
  }
}

interface ListRequest extends RemoteCallOptions {
  readonly prefix: string;
  readonly after: string;
  readonly breather: Breather;
}

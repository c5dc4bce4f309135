/**
 * The SFTP remote: a folder on another machine, laid out as a folder remote is.
 *
 * A create writes a temporary file beside the final place, flushes it (fsync@openssh.com), and gives it its name with
 * hardlink@openssh.com, which never replaces; without that extension with the plain rename, which by the protocol does not
 * either. posix-rename@openssh.com, which does, is not used. Names cannot be flushed over SFTP.
 */
import type { Stats } from "ssh2";
import { throwIfAborted } from "../../errors.ts";
import { randomHex, TEMPORARY_PREFIX } from "../../platform/index.ts";
import { checkedRemote } from "../checked.ts";
import { remoteError } from "../errors.ts";
import {
  BODY_BYTES_MAX,
  type ListedKey,
  type OnTraffic,
  type Remote,
  type RemoteCallOptions,
  type RemoteRange,
  type RemoteTraits,
} from "../remote.ts";
import type { SshConnections } from "./connection.ts";
import { isAbsent, isFailure, SftpFiles, sftpError } from "./files.ts";
import { SftpListing } from "./listing.ts";

/** What is served of a machine. */
export interface SftpPlace {
  /** As the server takes it; what does not begin with "/" begins in the user's home. */
  readonly folder: string;
  readonly writers: "many" | "one";
  readonly makeFolder: boolean;
}

/** From here on a look whether a key is there is cheaper than sending it for nothing. */
const LOOK_FIRST_BYTES = 64 * 1024;
const LEFTOVER_SECONDS = 24 * 3600;

/** Opens it. Nothing is sent before the first call. */
export function sftpRemote(connections: SshConnections, place: SftpPlace): Remote {
  return checkedRemote(new SftpRemote(connections, place));
}

class SftpRemote implements Remote {
  readonly #connections: SshConnections;
  readonly #place: SftpPlace;
  readonly #knownFolders = new Set<string>([""]);
  /** Temporary files that a list met: by path, when they were last written to, in the server's seconds. */
  readonly #leftovers = new Map<string, number>();
  /** False where the server knows links, and what is below it does not. */
  #hasLinks = true;
  #root: { readonly files: SftpFiles; readonly mode: number } | undefined;

  constructor(connections: SshConnections, place: SftpPlace) {
    this.#connections = connections;
    this.#place = place;
  }

  get url(): string {
    return this.#connections.url;
  }

  get traits(): RemoteTraits {
    return {
      concurrency: 16,
      bodyBytesMax: BODY_BYTES_MAX,
      requestBytes: 256 * 1024,
      creates: this.#linksNames ? "always" : this.#place.writers === "one" ? "by one writer" : "unknown",
      durable: this.#root?.files.has.fsync ? "body flushed" : "unknown",
    };
  }

  read(key: string, range?: RemoteRange, options: RemoteCallOptions = {}): Promise<Uint8Array | undefined> {
    return this.#call("read", "no", options, async (files, tell) => {
      let handle: Buffer;
      try {
        handle = await files.open(this.#pathOf(key), "r");
      } catch (error) {
        if (isAbsent(error)) return undefined;
        // To open a folder for reading fails with some servers, and is absence: it is no key.
        if (isFailure(error) && (await files.stat(this.#pathOf(key)))?.isDirectory()) return undefined;
        throw error;
      }
      try {
        const stat = await files.statOpen(handle);
        if (stat.isDirectory()) return undefined;
        if (!stat.isFile()) throw this.#strange(key);
        const begin = Math.min(range?.offset ?? 0, stat.size);
        const length = Math.min(range?.length ?? stat.size, stat.size - begin);
        if (range === undefined && length > BODY_BYTES_MAX) {
          throw remoteError("DAMAGED", this.url, `${key} has ${length} bytes: more than any key has`);
        }
        const bytes = new Uint8Array(length);
        await files.read(handle, bytes, begin, tell);
        return bytes;
      } finally {
        await files.close(handle).catch(() => undefined);
      }
    });
  }

  create(key: string, bytes: Uint8Array, options: RemoteCallOptions = {}): Promise<"created" | "exists"> {
    return this.#call("create", "unknown", options, async (files, tell) => {
      const final = this.#pathOf(key);
      const folder = key.slice(0, key.lastIndexOf("/") + 1);
      const temporary = `${this.#pathOf(folder)}${TEMPORARY_PREFIX}${randomHex(8)}`;
      const handle = await this.#before("make a file", async () => {
        if (bytes.length >= LOOK_FIRST_BYTES && (await this.#isThere(files, key))) return undefined;
        return this.#openNew(files, folder, temporary);
      });
      if (handle === undefined) return "exists";
      try {
        await this.#before("write a file", () => this.#fill(files, handle, bytes, tell));
        throwIfAborted(options.signal);
        if (!(await this.#publish(files, temporary, final))) {
          if (await this.#isThere(files, key)) return "exists";
          throw new TypeError(`${key} begins other keys`);
        }
        return "created";
      } finally {
        await files.remove(temporary).catch(() => undefined);
      }
    });
  }

  /** Steps before the one that changes something: wherever they fail, nothing is changed. */
  async #before<Result>(what: string, steps: () => Promise<Result>): Promise<Result> {
    try {
      return await steps();
    } catch (error) {
      throw sftpError(error, this.url, what, "no");
    }
  }

  /** Opens a temporary file; makes the folders above it if they are not there. */
  async #openNew(files: SftpFiles, folder: string, temporary: string): Promise<Buffer> {
    await this.#makeFolders(files, folder);
    try {
      return await files.open(temporary, "wx", (this.#mode & 0o666) | 0o200);
    } catch (error) {
      if (!isAbsent(error)) throw await this.#orNoSpace(files, error, 0);
      // Known from before, and removed since.
      this.#forgetFolders();
      await this.#makeFolders(files, folder);
      return files.open(temporary, "wx", (this.#mode & 0o666) | 0o200);
    }
  }

  /** Writes, flushes and closes. A server does what concerns one file in the order in which it was asked. */
  async #fill(files: SftpFiles, handle: Buffer, bytes: Uint8Array, tell: OnTraffic): Promise<void> {
    try {
      await files.write(handle, bytes, tell);
      if (files.has.fsync) await files.flush(handle);
      // Where rights cannot be set there are none to give.
      await files.setMode(handle, this.#mode & 0o444).catch(() => undefined);
      if (this.#leftovers.size > 0) await this.#sweep(files, await files.statOpen(handle));
    } catch (error) {
      throw await this.#orNoSpace(files, error, bytes.length);
    } finally {
      await files.close(handle).catch(() => undefined);
    }
  }

  /** Gives the file its name; false when that is taken. */
  async #publish(files: SftpFiles, temporary: string, final: string): Promise<boolean> {
    if (!this.#hasLinks && this.#place.writers === "many") {
      throw remoteError("DENIED", this.url, "there are no hard links, so two writers could replace each other", {
        hint: "Read from it, or say that you are its only writer.",
      });
    }
    const isLinked = this.#linksNames;
    try {
      if (isLinked) await files.addName(temporary, final);
      else await this.#rename(files, temporary, final);
      return true;
    } catch (error) {
      if (!isFailure(error)) throw sftpError(error, this.url, "give a file its name", "unknown");
      if ((await files.lookAt(final)) !== undefined) return false;
      const told = await this.#orNoSpace(files, error, 0);
      if (!isLinked || told !== error) throw told;
    }
    this.#hasLinks = false;
    return this.#publish(files, temporary, final);
  }

  async #rename(files: SftpFiles, temporary: string, final: string): Promise<void> {
    // Not every server keeps to the protocol, and the only writer can look first.
    const isTaken = this.#place.writers === "one" && (await files.lookAt(final)) !== undefined;
    if (isTaken) throw Object.assign(new Error("the name is taken"), { code: 4 });
    await files.rename(temporary, final);
  }

  async #makeFolders(files: SftpFiles, folder: string): Promise<void> {
    if (this.#knownFolders.has(folder)) return;
    await this.#makeFolders(files, folder.slice(0, folder.lastIndexOf("/", folder.length - 2) + 1));
    const path = this.#pathOf(folder.slice(0, -1));
    try {
      await files.makeFolder(path, this.#mode & 0o777);
    } catch (error) {
      const there = await files.lookAt(path);
      if (there === undefined) throw await this.#orNoSpace(files, error, 0);
      if (there.isFile()) throw new TypeError(`${folder.slice(0, -1)} is a key, and cannot begin others`);
      if (!there.isDirectory()) throw this.#strange(folder.slice(0, -1));
    }
    if (this.#knownFolders.size > 100_000) this.#forgetFolders();
    this.#knownFolders.add(folder);
  }

  async *list(prefix: string, after = "", options: RemoteCallOptions = {}): AsyncGenerator<ListedKey, void, undefined> {
    const listing = new SftpListing(
      {
        names: (call) => this.#call("list", "no", options, call),
        pathOf: (key) => this.#pathOf(key),
        strange: (key) => this.#strange(key),
        damaged: (why) => remoteError("DAMAGED", this.url, why),
        onTemporary: (path, stat) => this.#leftovers.set(path, stat.mtime),
      },
      prefix,
      after,
    );
    yield* listing.below(prefix.slice(0, prefix.lastIndexOf("/") + 1));
  }

  delete(key: string, options: RemoteCallOptions = {}): Promise<void> {
    return this.#call("delete", "unknown", options, async (files) => {
      try {
        await files.remove(this.#pathOf(key));
      } catch (error) {
        if (isAbsent(error)) return;
        // Folders are no keys, and cannot be removed this way.
        if (isFailure(error) && !(await this.#isThere(files, key))) return;
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    this.#connections.close();
  }

  async #isThere(files: SftpFiles, key: string): Promise<boolean> {
    const stat = await files.lookAt(this.#pathOf(key));
    if (stat === undefined || stat.isDirectory()) return false;
    if (!stat.isFile()) throw this.#strange(key);
    return true;
  }

  /** Removes what killed writers left, as far as lists met it, by the server's own time. */
  async #sweep(files: SftpFiles, ours: Stats): Promise<void> {
    for (const [path, writtenAt] of this.#leftovers) {
      this.#leftovers.delete(path);
      if (writtenAt < ours.mtime - LEFTOVER_SECONDS) await files.remove(path).catch(() => undefined);
    }
  }

  /** A full disk is a failure like any other, by this protocol: ask how much is free. */
  async #orNoSpace(files: SftpFiles, error: unknown, bytes: number): Promise<unknown> {
    if (!isFailure(error)) return error;
    const free = await files.freeBytes(this.#place.folder).catch(() => undefined);
    if (free === undefined || free > bytes) return error;
    return remoteError("NO_SPACE", this.url, "no space left", {
      cause: error,
      hint: "Make room on that machine and try again: what was transferred stays.",
    });
  }

  /** Runs a call on a session; it ends at once when it is aborted, and tidies up behind. */
  async #call<Result>(
    what: string,
    happened: "no" | "unknown",
    { signal, onTraffic }: RemoteCallOptions,
    call: (files: SftpFiles, tell: OnTraffic) => Promise<Result>,
  ): Promise<Result> {
    await onTraffic?.("requests", 1);
    throwIfAborted(signal);
    const tell: OnTraffic = async (moved, count) => {
      await onTraffic?.(moved, count);
      throwIfAborted(signal);
    };
    const work = this.#before("look at the folder", () => this.#files()).then(async (files) => {
      throwIfAborted(signal);
      return call(files, tell);
    });
    try {
      return await orAborted(work, signal);
    } catch (error) {
      throw sftpError(error, this.url, what, happened);
    }
  }

  /** The files of the session that is open now, whose folder was looked at. */
  async #files(): Promise<SftpFiles> {
    const session = await this.#connections.session();
    if (this.#root?.files.isOf(session)) return this.#root.files;
    const files = new SftpFiles(session, this.url);
    const { folder, makeFolder } = this.#place;
    let stat = await files.stat(folder);
    if (stat === undefined && makeFolder) {
      await makeAbove(files, folder);
      stat = await files.stat(folder);
    }
    if (stat === undefined || !stat.isDirectory()) {
      throw remoteError("NOT_FOUND", this.url, "there is no such folder", {
        hint: "Make the folder on that machine first.",
      });
    }
    this.#forgetFolders();
    this.#root = { files, mode: stat.mode };
    return files;
  }

  /** Whether names are given by links: known with the first call, which asks what the server can. */
  get #linksNames(): boolean {
    return this.#hasLinks && this.#root?.files.has.hardlink === true;
  }

  get #mode(): number {
    return this.#root?.mode ?? 0o700;
  }

  #forgetFolders(): void {
    this.#knownFolders.clear();
    this.#knownFolders.add("");
  }

  #pathOf(key: string): string {
    return `${this.#place.folder}/${key}`;
  }

  #strange(key: string): Error {
    return remoteError("DAMAGED", this.url, `${key} is a link or a device, and is not followed`, {
      hint: "Only files and folders belong here. Look who put it there, and remove it.",
    });
  }
}

async function makeAbove(files: SftpFiles, folder: string): Promise<void> {
  const parts = folder.split("/");
  for (let count = 1; count <= parts.length; count++) {
    const path = parts.slice(0, count).join("/");
    if (path !== "" && (await files.stat(path)) === undefined) await files.makeFolder(path, 0o700);
  }
}

function orAborted<Result>(work: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

import path from "node:path";
import { type FileStat, type FileSystem, type FolderReader, nodeFileSystem, openFlags } from "../platform/index.ts";

/** A call that is about to be made. */
export interface FileCall {
  /** Its number, from 1. */
  readonly number: number;
  readonly name: keyof FileSystem;
  /** The path it is about; of calls on descriptors, the path that was opened. */
  readonly path: string;
}

/** What is to happen instead: an errno such as "ENOSPC", or for a write so many bytes of it. */
export type Fault = string | { readonly writeOnly: number };

/** A new name whose folder was not flushed, and how to take it back. */
interface NewName {
  readonly folder: string;
  undo(): void;
}

/**
 * A file system whose calls are counted, fail when they are told to, and forget what was not flushed. Pass it as
 * `openStore(dir, { fs, workers: 0 })`; the catalog is SQLite's own and does not go through it.
 *
 * A power cut is modelled as the worst that may become of files that only grow and of new names: bytes behind the last
 * flush of a file are gone, and so are names whose folder was not flushed after them. Bytes overwritten in place and
 * removed names are not brought back.
 */
export class FaultyFileSystem implements FileSystem {
  /** Decides about each call; `undefined` lets it pass. May be replaced at any time. */
  decide: (call: FileCall) => Fault | undefined;
  readonly #base: FileSystem;
  readonly #paths = new Map<number, string>();
  /** Size that each written file has for certain. */
  readonly #flushed = new Map<string, number>();
  #newNames: NewName[] = [];
  #calls = 0;
  #isOff = false;

  constructor(decide: (call: FileCall) => Fault | undefined = () => undefined, base: FileSystem = nodeFileSystem) {
    this.decide = decide;
    this.#base = base;
  }

  get platform(): NodeJS.Platform {
    return this.#base.platform;
  }

  /** How many calls were made so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Fails all further calls, and takes from the disk what no flush made certain. Open the folder anew afterwards. */
  powerCut(): void {
    this.#isOff = true;
    for (const [file, size] of this.#flushed) {
      if (this.#base.lookAt(file) === undefined) continue;
      const fd = this.#base.open(file, openFlags.readWrite);
      if (this.#base.stat(fd).size > size) this.#base.truncate(fd, size);
      this.#base.close(fd);
    }
    for (const name of this.#newNames.reverse()) name.undo();
  }

  open(file: string, flags: number, mode?: number): number {
    this.#begin("open", file);
    const isNew = this.#base.lookAt(file) === undefined;
    const fd = this.#base.open(file, flags, mode);
    this.#paths.set(fd, file);
    if (isNew) this.#name(file, () => this.#base.remove(file));
    return fd;
  }

  close(fd: number): void {
    // Always passes: a process that ends closes its files too.
    this.#paths.delete(fd);
    this.#base.close(fd);
  }

  read(fd: number, buffer: Uint8Array, position: number | null): number {
    this.#begin("read", this.#pathOf(fd));
    return this.#base.read(fd, buffer, position);
  }

  async readLater(fd: number, buffer: Uint8Array, position: number): Promise<number> {
    this.#begin("readLater", this.#pathOf(fd));
    return this.#base.readLater(fd, buffer, position);
  }

  write(fd: number, buffer: Uint8Array, position: number | null): number {
    const part = this.#beginWrite("write", fd, buffer);
    return this.#base.write(fd, part, position);
  }

  async writeLater(fd: number, buffer: Uint8Array, position: number): Promise<number> {
    const part = this.#beginWrite("writeLater", fd, buffer);
    return this.#base.writeLater(fd, part, position);
  }

  async writeManyLater(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
    const part = this.#beginWrite("writeManyLater", fd, Buffer.concat(buffers));
    return this.#base.writeLater(fd, part, position);
  }

  async flush(fd: number): Promise<void> {
    const file = this.#pathOf(fd);
    this.#begin("flush", file);
    await this.#base.flush(fd);
    if (this.#flushed.has(file)) this.#flushed.set(file, this.#base.stat(fd).size);
    this.#newNames = this.#newNames.filter((name) => name.folder !== file);
  }

  truncate(fd: number, size: number): void {
    const file = this.#pathOf(fd);
    this.#begin("truncate", file);
    this.#base.truncate(fd, size);
    this.#flushed.set(file, Math.min(this.#flushed.get(file) ?? size, size));
  }

  stat(fd: number): FileStat {
    this.#begin("stat", this.#pathOf(fd));
    return this.#base.stat(fd);
  }

  lookAt(file: string): FileStat | undefined {
    this.#begin("lookAt", file);
    return this.#base.lookAt(file);
  }

  openFolder(folder: string): FolderReader {
    this.#begin("openFolder", folder);
    return this.#base.openFolder(folder);
  }

  namesAsBytes(folder: string): Buffer[] {
    this.#begin("namesAsBytes", folder);
    return this.#base.namesAsBytes(folder);
  }

  makeFolder(folder: string, mode?: number): void {
    this.#begin("makeFolder", folder);
    this.#base.makeFolder(folder, mode);
    this.#name(folder, () => this.#base.removeFolder(folder));
  }

  removeFolder(folder: string): void {
    this.#begin("removeFolder", folder);
    this.#base.removeFolder(folder);
  }

  remove(file: string): void {
    this.#begin("remove", file);
    this.#base.remove(file);
    this.#forget(file);
  }

  rename(from: string, to: string): void {
    this.#begin("rename", from);
    const isNew = this.#base.lookAt(to) === undefined;
    this.#base.rename(from, to);
    this.#noteRename(from, to, isNew);
  }

  async renameLater(from: string, to: string): Promise<void> {
    this.#begin("renameLater", from);
    const isNew = this.#base.lookAt(to) === undefined;
    await this.#base.renameLater(from, to);
    this.#noteRename(from, to, isNew);
  }

  #noteRename(from: string, to: string, isNew: boolean): void {
    const size = this.#flushed.get(from);
    this.#forget(from);
    this.#forget(to);
    if (size !== undefined) this.#flushed.set(to, size);
    if (isNew) this.#name(to, () => this.#base.remove(to));
  }

  addName(file: string, another: string): void {
    this.#begin("addName", another);
    this.#base.addName(file, another);
    const size = this.#flushed.get(file);
    if (size !== undefined) this.#flushed.set(another, size);
    this.#name(another, () => this.#base.remove(another));
  }

  async clone(from: string, to: string): Promise<void> {
    this.#begin("clone", to);
    await this.#base.clone(from, to);
    this.#flushed.set(to, 0);
    this.#name(to, () => this.#base.remove(to));
  }

  makeLink(target: string, file: string): void {
    this.#begin("makeLink", file);
    this.#base.makeLink(target, file);
    this.#name(file, () => this.#base.remove(file));
  }

  readLink(file: string): Buffer {
    this.#begin("readLink", file);
    return this.#base.readLink(file);
  }

  setMode(file: string, mode: number): void {
    this.#begin("setMode", file);
    this.#base.setMode(file, mode);
  }

  async setModeLater(file: string, mode: number): Promise<void> {
    this.#begin("setModeLater", file);
    await this.#base.setModeLater(file, mode);
  }

  setModifiedTime(file: string, ms: number): void {
    this.#begin("setModifiedTime", file);
    this.#base.setModifiedTime(file, ms);
  }

  realPath(file: string): string {
    this.#begin("realPath", file);
    return this.#base.realPath(file);
  }

  #begin(name: keyof FileSystem, file: string): Fault | undefined {
    if (this.#isOff) throw errnoError("EIO", name, file);
    const fault = this.decide({ number: ++this.#calls, name, path: file });
    if (typeof fault === "string") throw errnoError(fault, name, file);
    return fault;
  }

  #beginWrite(name: "write" | "writeLater" | "writeManyLater", fd: number, buffer: Uint8Array): Uint8Array {
    const file = this.#pathOf(fd);
    const fault = this.#begin(name, file);
    if (!this.#flushed.has(file)) this.#flushed.set(file, this.#base.stat(fd).size);
    return typeof fault === "object" ? buffer.subarray(0, fault.writeOnly) : buffer;
  }

  #pathOf(fd: number): string {
    return this.#paths.get(fd) ?? `descriptor ${fd}`;
  }

  #name(file: string, remove: () => void): void {
    const undo = (): void => {
      try {
        remove();
      } catch {
        // It is gone already, or a folder whose content was flushed: then so was the folder, for all that is known.
      }
    };
    this.#newNames.push({ folder: path.dirname(file), undo });
  }

  #forget(file: string): void {
    this.#flushed.delete(file);
  }
}

function errnoError(code: string, call: string, file: string): Error {
  return Object.assign(new Error(`${code}: injected, ${call} '${file}'`), { code, syscall: call, path: file });
}

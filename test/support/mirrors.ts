/** Folders made into versions of one artifact, and a file system that tells which of their files are read. */
import path from "node:path";
import { onTestFinished } from "vitest";
import { type FileSystem, nodeFileSystem, openFlags } from "../../src/platform/index.ts";
import type { AddOptions, UploadOptions, UploadResult } from "../../src/store/index.ts";
import { openStore, type Store, type StoreOptions } from "../../src/store/index.ts";
import { temporaryFolder } from "./folders.ts";

/** A store that is closed when the test is over. */
export async function testStore(
  options: StoreOptions = {},
  folder = path.join(temporaryFolder(), "store"),
): Promise<Store> {
  const store = await openStore(folder, { workers: 0, user: "tester", ...options });
  onTestFinished(() => store.close());
  return store;
}

/** What artifacts of tests are called, unless they need several. */
export const DATA = { name: "data", type: "dataset" };

/** Makes an artifact equal to a folder and uploads it. */
export async function mirror(
  store: Store,
  folder: string,
  options: AddOptions & UploadOptions & { name?: string } = {},
): Promise<UploadResult> {
  await using artifact = await store.artifact({ ...DATA, ...(options.name !== undefined && { name: options.name }) });
  await artifact.mirror(folder, options);
  return artifact.upload(options);
}

/** Paths of the entries of a version. */
export async function pathsOf(store: Store, tag?: string): Promise<string[]> {
  const version = await store.getArtifact({ ...DATA, tag });
  const paths: string[] = [];
  for await (const entry of version.entries()) paths.push(entry.path);
  return paths;
}

/** The real file system, which notes which files were opened for reading and which were written. */
export class WatchedFileSystem {
  readonly opened: string[] = [];
  readonly renamed: string[] = [];
  /** Called before a file is opened. */
  onOpen: (file: string) => void = () => {};
  /** Called after each read. */
  onRead: (file: string) => void = () => {};
  readonly fs: FileSystem;

  constructor() {
    const files = new Map<number, string>();
    this.fs = {
      ...nodeFileSystem,
      open: (file, flags, mode) => {
        if (flags === openFlags.readUserFile) {
          this.opened.push(file);
          this.onOpen(file);
        }
        const fd = nodeFileSystem.open(file, flags, mode);
        files.set(fd, file);
        return fd;
      },
      read: (fd, buffer, position) => {
        const read = nodeFileSystem.read(fd, buffer, position);
        this.onRead(files.get(fd) ?? "");
        return read;
      },
      rename: (from, to) => {
        this.renamed.push(path.basename(to));
        nodeFileSystem.rename(from, to);
      },
    };
  }

  /** Names of the user's files that were opened since it was last asked. */
  takeOpened(): string[] {
    return this.opened
      .splice(0)
      .map((file) => path.basename(file))
      .sort();
  }
}

/** The folder of a store: its mark, its parts, and whether it may be used. */
import path from "node:path";
import { Locks } from "../catalog/index.ts";
import { hashContent } from "../digest/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { JOURNAL_FOLDER, JOURNAL_START, Journal } from "../journal/index.ts";
import { PACKS_FOLDER } from "../objects/index.ts";
import {
  type FileSystem,
  kindOf,
  makeFolders,
  namesIn,
  networkFileSystem,
  nodeFileSystem,
  publishFile,
  randomHex,
  readWholeFile,
  storeWriteError,
} from "../platform/index.ts";
import { STORE_FOLDER_NAME } from "../worktree/index.ts";

/** Names in a store's folder. Only files named catalog*, cache* or lock* are neither content nor journal. */
export const storeNames = {
  mark: "format.json",
  catalog: "catalog.db",
  folderCache: "cache-folders.db",
  hintCache: "cache-remotes.db",
  locks: "lock.db",
} as const;

/** How names begin of locks on folders of the user's that are written to. They are swept when nobody uses the store. */
export const FOLDER_LOCK_PREFIX = "lock-folder-";

/** The format that this artifold writes. */
export const STORE_FORMAT = 1;

/** What the mark of a store says. */
export interface StoreMark {
  readonly artifold: "store";
  readonly format: number;
  /** 64 hex digits, so that two stores can be told apart. */
  readonly id: string;
  /** Features that whoever opens the store must know. */
  readonly needs: readonly string[];
  /** Digest of the rest, so that no bit of it changes unseen. */
  readonly check: string;
}

/** What `check` of a mark has to be. */
function checkOf({ format, id, needs }: Omit<StoreMark, "check">): string {
  return hashContent(Buffer.from(["artifold store", format, id, ...needs].join("\n")));
}

/** What a caller may allow. */
export interface StoreTrust {
  /** Opens a store that belongs to another user. */
  readonly trustOwner?: boolean | undefined;
  /** Opens a store on a file system where locks of several machines cannot be relied on. */
  readonly allowNetworkFileSystem?: boolean | undefined;
}

/** Whether there is a store in a folder. @throws ArtifoldError STORE_REFUSED where that cannot be found out */
export function storeExists(folder: string): boolean {
  try {
    return nodeFileSystem.lookAt(path.join(folder, storeNames.mark)) !== undefined;
  } catch (error) {
    throw unreadable(nodeFileSystem, folder, error);
  }
}

/** The id of the store in a folder, as its mark has it; `undefined` where there is none that can be read. */
export function storeIdIn(fs: FileSystem, folder: string): string | undefined {
  try {
    const bytes = readMark(fs, folder);
    return bytes === undefined ? undefined : parseMark(folder, bytes).id;
  } catch {
    // Whoever opens the store is told what is wrong with it.
    return undefined;
  }
}

/**
 * Reads the mark of a store and checks that it may be used.
 *
 * @throws ArtifoldError NO_STORE, STORE_REFUSED or FORMAT_UNSUPPORTED
 */
export function checkStore(fs: FileSystem, folder: string, trust: StoreTrust): StoreMark {
  const bytes = readMark(fs, folder);
  if (bytes === undefined) {
    throw new ArtifoldError("NO_STORE", `there is no store in ${folder}`, {
      hint: "The first upload makes one, and so does `artifold store create`.",
      info: { path: folder },
    });
  }
  const mark = parseMark(folder, bytes);
  if (mark.format !== STORE_FORMAT || mark.needs.length > 0) {
    throw new ArtifoldError("FORMAT_UNSUPPORTED", `the store in ${folder} has format ${describeFormat(mark)}`, {
      hint: `This artifold knows format ${STORE_FORMAT}. Update artifold.`,
      info: { path: folder },
    });
  }
  if (mark.check !== checkOf(mark)) {
    throw new ArtifoldError("DAMAGED", `${path.join(folder, storeNames.mark)} is not as it was written`, {
      hint: "Where nothing but this file is damaged, delete it: the next upload makes it anew.",
      info: { file: storeNames.mark },
    });
  }
  checkPlace(fs, folder, trust);
  return mark;
}

function readMark(fs: FileSystem, folder: string): Uint8Array | undefined {
  try {
    return readWholeFile(fs, path.join(folder, storeNames.mark));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw unreadable(fs, folder, error);
  }
}

/** A place where there can be no store, or where that cannot be found out. */
function unreadable(fs: FileSystem, folder: string, error: unknown): ArtifoldError {
  const errno = errnoOf(error);
  const info = { path: folder };
  if (errno === "ENOTDIR") {
    return new ArtifoldError("STORE_REFUSED", `${firstThere(fs, folder)} is not a folder`, {
      cause: error,
      info,
      hint: "Name a folder for the store, or one that does not exist yet.",
    });
  }
  return new ArtifoldError("STORE_REFUSED", `the store in ${folder} cannot be read: ${errno ?? String(error)}`, {
    cause: error,
    info,
    hint: "Give yourself the right to read it, or name another store.",
  });
}

/** The part of a path that is there, and that the rest cannot be below. */
function firstThere(fs: FileSystem, folder: string): string {
  for (let at = folder; ; at = path.dirname(at)) {
    try {
      if (fs.lookAt(at) !== undefined) return at;
    } catch (error) {
      if (errnoOf(error) !== "ENOTDIR") return at;
    }
  }
}

function parseMark(folder: string, bytes: Uint8Array): StoreMark {
  try {
    const mark = JSON.parse(Buffer.from(bytes).toString("utf8")) as StoreMark;
    const isMark = mark.artifold === "store" && Number.isSafeInteger(mark.format);
    // Of another format nothing more is known than its number.
    if (isMark && mark.format !== STORE_FORMAT) return { ...mark, needs: [] };
    if (isMark && Array.isArray(mark.needs)) return mark;
  } catch {
    // Said below: no JSON is no mark either.
  }
  throw new ArtifoldError("STORE_REFUSED", `${path.join(folder, storeNames.mark)} is not the mark of a store`, {
    info: { path: folder },
    hint: "Another program may have made this folder. Name another place for the store.",
  });
}

function describeFormat(mark: StoreMark): string {
  return mark.needs.length === 0 ? String(mark.format) : `${mark.format} and needs ${mark.needs.join(", ")}`;
}

/** Refuses a store whose owner or file system makes it unsafe. */
function checkPlace(fs: FileSystem, folder: string, trust: StoreTrust): void {
  const owner = fs.lookAt(folder)?.uid;
  const user = process.getuid?.();
  if (trust.trustOwner !== true && owner !== undefined && user !== undefined && owner !== user) {
    throw new ArtifoldError("STORE_REFUSED", `the store in ${folder} belongs to another user`, {
      hint: "Pass --trust-owner if you trust everything that user may have put there.",
      info: { path: folder },
    });
  }
  if (fs !== nodeFileSystem || trust.allowNetworkFileSystem === true) return;
  const network = networkFileSystem(folder);
  if (network !== undefined) {
    throw new ArtifoldError("STORE_REFUSED", `${folder} is on ${network}, where a store cannot be kept safely`, {
      hint: "Keep the store on a local disk and push to the network from there, or pass --allow-network-file-system.",
      info: { path: folder },
    });
  }
}

/** Makes a store unless there is one. The mark comes last: what is made before it is no store yet. */
export async function createStore(fs: FileSystem, folder: string, trust: StoreTrust): Promise<void> {
  if (readMark(fs, folder) !== undefined) return;
  refuseForeign(fs, folder);
  try {
    // The store is for its user alone; the folder that gets one is made as other folders of his are.
    if (path.basename(folder) === STORE_FOLDER_NAME) await makeFolders(fs, path.dirname(folder), 0o777);
    await makeFolders(fs, folder);
    for (const part of [PACKS_FOLDER, JOURNAL_FOLDER]) await makeFolders(fs, path.join(folder, part));
  } catch (error) {
    throw storeWriteError(error, `a store in ${folder}`);
  }
  checkPlace(fs, folder, trust);
  const locks = new Locks(path.join(folder, storeNames.locks));
  try {
    const release = await locks.writer();
    try {
      if (readMark(fs, folder) !== undefined) return;
      await new Journal(fs, folder).beginSegment(JOURNAL_START.segment);
      const said = { artifold: "store", format: STORE_FORMAT, id: randomHex(32), needs: [] } as const;
      const mark: StoreMark = { ...said, check: checkOf(said) };
      await publishFile(fs, path.join(folder, storeNames.mark), Buffer.from(`${JSON.stringify(mark)}\n`));
    } finally {
      release();
    }
  } catch (error) {
    throw storeWriteError(error, `a store in ${folder}`);
  } finally {
    locks.close();
  }
}

/** What may be in a folder that is to become a store: parts of one, and settings of the folder it is in. */
const ownNames = /^(packs|files|journal|(catalog|cache|lock).*|\.tmp-.*|config\.json|run\.json)$/;

/** Refuses a folder with something in it that no store has: it is somebody's, and not for us to fill. */
function refuseForeign(fs: FileSystem, folder: string): void {
  const stat = fs.lookAt(folder);
  if (stat === undefined) return;
  if (kindOf(stat) === "file" || kindOf(stat) === "other") {
    throw new ArtifoldError("STORE_REFUSED", `${folder} is not a folder`, { info: { path: folder } });
  }
  // Another process may have made the store since its mark was looked for.
  const foreign = namesIn(fs, folder).filter((name) => !ownNames.test(name) && name !== storeNames.mark);
  if (foreign.length > 0) {
    throw new ArtifoldError("STORE_REFUSED", `${folder} is not empty and not a store`, {
      hint: "Name an empty folder, or one that does not exist yet.",
      info: { path: folder, names: foreign.slice(0, 10) },
    });
  }
}

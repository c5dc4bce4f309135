/** Walks a user's folder in the order of entries: path order, so that its result can be merged with manifests. */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { baseOf, joinPath, nameProblem, pathProblem } from "../manifest/index.ts";
import { type FileStat, type FileSystem, kindOf, type NameKind } from "../platform/index.ts";
import { TEMPORARY_NAME } from "./blob-writer.ts";
import { IGNORE_FILE, IgnoreRules, type PathFilter } from "./globs.ts";
import { withRulesOf } from "./ignore-files.ts";
import { NameQueue } from "./name-queue.ts";
import { readError } from "./source-errors.ts";

/** Something in the folder that can become an entry. */
export type WalkedName =
  /** A file, by what its folder says of it: nobody looked at it yet. */
  | { readonly kind: "file"; readonly path: string }
  /** A file or link that was looked at. */
  | { readonly kind: "seen"; readonly path: string; readonly stat: FileStat }
  /** A folder that holds nothing. */
  | { readonly kind: "folder"; readonly path: string };

/** Why something in the folder is left out of a version. */
export type LeftOutReason =
  /** A FIFO, socket or device. */
  | "special"
  /** A name that is not UTF-8, or that no entry can have. */
  | "name"
  /** The store, or a folder named .artifold. */
  | "store"
  /** A folder that a download wrote. */
  | "download"
  /** A file or folder that could not be read, where the caller allows that. */
  | "unreadable"
  /** A link that points outside, where the caller allows that. */
  | "link";

/** Something that is left out, and why. */
export interface LeftOut {
  /** From the folder that was added. */
  readonly path: string;
  readonly reason: LeftOutReason;
  /** More about it, for people: "EACCES", "it is not UTF-8". */
  readonly detail?: string;
}

/** How to walk. */
export interface WalkOptions {
  /** Names that are meant; without it all. */
  readonly include?: PathFilter | undefined;
  /** Names that are not meant. A folder that is not meant is not entered. */
  readonly exclude?: PathFilter | undefined;
  /** Folders that are left out with what is in them: absolute paths without links, and why. */
  readonly apart?: ReadonlyMap<string, LeftOutReason>;
  readonly onLeftOut?: (leftOut: LeftOut) => void;
  /** Hears of files that a download left which was killed while it wrote them: they are nobody's content. */
  readonly onTemporary?: ((path: string) => void) | undefined;
  /** Reports folders that cannot be read instead of throwing. */
  readonly skipUnreadable?: boolean;
  /** Whether rules of .artifoldignore are followed. Default true. */
  readonly ignoreFiles?: boolean;
}

/** A folder named so is always the store of that place, never content. */
export const STORE_FOLDER_NAME = ".artifold";

// Some file systems ignore case, and Windows ignores what follows and knows short forms. A version that brought such a
// folder, or a link of that name, would choose the store of whoever downloads it.
const storeName = /^(\.artifold[. ]*(:.*)?|artifo~[0-9]+)$/is;

/** Whether some file system takes a name for that of a store's folder. */
export function isStoreName(name: string): boolean {
  return name.length >= 8 && storeName.test(name);
}

/** Throws PATH_INVALID for a path that is, on some file system, a store's folder or in one. */
export function refuseStoreName(path_: string): void {
  if (!path_.includes(".") && !path_.includes("~")) return;
  const part = path_.split("/").find(isStoreName);
  if (part === undefined) return;
  throw new ArtifoldError("PATH_INVALID", `${path_} cannot be in a version: ${part} may be taken for a store`, {
    info: { path: path_ },
  });
}

/** How many names are taken from a folder before whoever drives the walk may pause. */
const NAMES_AT_ONCE = 512;

/** What a walk yields when nothing was found for a while, so that its caller can let other work in. */
export const PAUSE: unique symbol = Symbol("pause");

/** A walk through one folder. */
export class FolderWalk {
  readonly #walking: Walking;

  /** @param root an absolute path without links */
  constructor(fs: FileSystem, root: string, options: WalkOptions = {}) {
    this.#walking = { fs, root, options };
  }

  /** Looks at a file that the walk gave; `undefined` for what is gone, or no longer anything that can be an entry. */
  see(file: WalkedName & { kind: "file" }): (WalkedName & { kind: "seen" }) | undefined {
    return seen(this.#walking, file.path);
  }

  /** Names in path order. */
  *[Symbol.iterator](): Generator<WalkedName | typeof PAUSE, void, undefined> {
    const walking = this.#walking;
    const names = yield* listNames(walking, "");
    if (names === undefined) return;
    // One loop over open folders, not a generator for each: a name then costs the same however deep it lies.
    const open: OpenFolder[] = [openFolder(walking, "", names, IgnoreRules.none)];
    for (let folder = open.at(-1); folder !== undefined; folder = open.at(-1)) {
      const marked = folder.names.take();
      if (marked === undefined) {
        open.pop();
        continue;
      }
      const mark = marked.charCodeAt(marked.length - 1);
      if (mark !== ITSELF && mark !== CONTENT) {
        const found = nameFound(walking, folder, marked);
        if (found !== undefined) yield found;
        continue;
      }
      const path_ = folder.prefix + marked.slice(0, -1);
      if (mark === CONTENT) {
        const inside = folder.listed.get(path_);
        folder.listed.delete(path_);
        if (inside !== undefined) open.push(openFolder(walking, path_, inside, folder.rules));
      } else if (isMeant(walking, folder.rules, path_, true) && isEnterable(walking, path_)) {
        const inside = yield* listNames(walking, path_);
        if (inside === undefined) continue;
        if (inside.names.isEmpty && (walking.options.include?.(`${path_}/`) ?? true))
          yield { kind: "folder", path: path_ };
        folder.listed.set(path_, inside);
      }
    }
  }
}

interface Walking {
  readonly fs: FileSystem;
  readonly root: string;
  readonly options: WalkOptions;
}

/** A folder that the walk is in. */
interface OpenFolder {
  readonly path: string;
  /** What paths in it begin with. */
  readonly prefix: string;
  readonly names: NameQueue;
  readonly rules: IgnoreRules;
  /** Folders in it whose names are known and that were not entered yet. */
  readonly listed: Map<string, ListedFolder>;
}

/** What is in a folder. */
interface ListedFolder {
  /** Names in path order, marked; folders twice. */
  readonly names: NameQueue;
  /** Whether one of them is a file of rules. */
  readonly hasRules: boolean;
}

function openFolder(walking: Walking, path_: string, listed: ListedFolder, above: IgnoreRules): OpenFolder {
  const { fs, root, options } = walking;
  const hasRules = options.ignoreFiles !== false && listed.hasRules;
  const rules = hasRules ? withRulesOf(fs, root, path_, above) : above;
  return { path: path_, prefix: joinPath(path_, ""), names: listed.names, rules, listed: new Map() };
}

// A folder stands twice among the names: where its own name sorts (an empty folder is an entry of that name), and where
// what it holds sorts, which may be later: "a", "a.txt", "a/x". No mark can be part of a name.
const ITSELF_MARK = "\0";
const CONTENT_MARK = "/";
/** What is neither a file nor a folder, or may be anything: it has to be looked at. */
const UNSEEN_MARK = "\0?";
/** Stands between names, marked or not: none holds it, and none ends in a way that would let it begin before its place. */
const SEPARATOR = ITSELF_MARK + CONTENT_MARK;
const ITSELF: number = ITSELF_MARK.charCodeAt(0);
const CONTENT: number = CONTENT_MARK.charCodeAt(0);

/** What stands at a name that is no folder; `undefined` for what is not meant, gone, or left out (and reported). */
function nameFound(walking: Walking, folder: OpenFolder, marked: string): WalkedName | undefined {
  const isUnseen = marked.endsWith(UNSEEN_MARK);
  const name = isUnseen ? marked.slice(0, -UNSEEN_MARK.length) : marked;
  const path_ = folder.prefix + name;
  if (!isMeant(walking, folder.rules, path_, false)) return undefined;
  const problem = nameProblem(folder.path, name);
  const reason = isStoreName(name) ? "store" : problem === undefined ? undefined : "name";
  if (reason === undefined) return isUnseen ? seen(walking, path_) : { kind: "file", path: path_ };
  walking.options.onLeftOut?.({ path: path_, reason, ...(reason === "name" && { detail: problem as string }) });
  return undefined;
}

/** Looks at what is no folder. */
function seen(walking: Walking, path_: string): (WalkedName & { kind: "seen" }) | undefined {
  const stat = lookAt(walking, path_);
  if (stat === undefined) return undefined;
  const kind = kindOf(stat);
  if (kind === "other") walking.options.onLeftOut?.({ path: path_, reason: "special" });
  // A folder here means that it took the place of a file since its folder was read: the next walk will see it.
  return kind === "file" || kind === "link" ? { kind: "seen", path: path_, stat } : undefined;
}

/** Whether a folder is to be looked into; reports why not. */
function isEnterable(walking: Walking, path_: string): boolean {
  const problem = pathProblem(path_);
  const reason = problem === undefined ? reasonApart(walking, path_) : "name";
  if (reason === undefined) return true;
  walking.options.onLeftOut?.({ path: path_, reason, ...(problem === undefined ? {} : { detail: problem }) });
  return false;
}

/** Names that are looked at more closely: most are not. */
const unusual = /^\.artifold-|[\ufffd\ud800-\udfff]/;

/** What is in a folder; `undefined` for one that cannot be read. */
function* listNames(walking: Walking, folder: string): Generator<typeof PAUSE, ListedFolder | undefined, undefined> {
  const { fs, options } = walking;
  const names = new NameQueue(SEPARATOR);
  let hasRules = false;
  let suspicious = false;
  const onName = (name: string, kind: NameKind): void => {
    let surrogates = false;
    if (unusual.test(name)) {
      if (TEMPORARY_NAME.test(name)) {
        options.onTemporary?.(joinPath(folder, name));
        return;
      }
      if (name.includes("\ufffd")) suspicious = true;
      if (/[\ud800-\udfff]/.test(name)) surrogates = true;
    }
    if (kind !== "file" && isFolderName(walking, folder, name, kind)) {
      names.add(name + ITSELF_MARK, surrogates);
      names.add(name + CONTENT_MARK, surrogates);
      return;
    }
    if (name === IGNORE_FILE) hasRules = true;
    names.add(kind === "file" ? name : name + UNSEEN_MARK, surrogates);
  };
  try {
    const reader = fs.openFolder(absolute(walking, folder));
    try {
      while (reader.next(NAMES_AT_ONCE, onName)) yield PAUSE;
    } finally {
      reader.close();
    }
  } catch (error) {
    // Gone since the folder above was read: then it is not there.
    if (folder !== "" && errnoOf(error) === "ENOENT") return undefined;
    if (options.skipUnreadable !== true) throw readError(absolute(walking, folder), error);
    options.onLeftOut?.({ path: folder, reason: "unreadable", detail: errnoOf(error) ?? String(error) });
    return undefined;
  }
  if (suspicious) finishWithoutBad(walking, folder, names);
  else names.finish();
  return { names, hasRules };
}

function isFolderName(walking: Walking, folder: string, name: string, kind: NameKind): boolean {
  if (kind !== "unknown") return kind === "folder";
  // Some file systems do not say what a name is.
  const stat = walking.fs.lookAt(absolute(walking, joinPath(folder, name)));
  return stat !== undefined && kindOf(stat) === "folder";
}

/**
 * Leaves out, and reports, names that are not UTF-8. They decode to the replacement character, which a good name may also
 * hold: of one text that both have, the good name stays.
 */
function finishWithoutBad(walking: Walking, folder: string, names: NameQueue): void {
  const bad = new Set<string>();
  const good = new Set<string>();
  for (const bytes of walking.fs.namesAsBytes(absolute(walking, folder))) {
    const name = bytes.toString("utf8");
    if (!Buffer.from(name, "utf8").equals(bytes)) bad.add(name);
    else if (name.includes("\ufffd")) good.add(name);
  }
  for (const name of bad) {
    walking.options.onLeftOut?.({ path: joinPath(folder, name), reason: "name", detail: "it is not UTF-8" });
  }
  const kept = new Set<string>();
  for (const name of good) {
    if (!bad.has(name)) continue;
    const isFolder = isFolderName(walking, folder, name, "unknown");
    for (const mark of isFolder ? [ITSELF_MARK, CONTENT_MARK] : [UNSEEN_MARK]) {
      names.add(name + mark, true);
      kept.add(name + mark);
    }
  }
  names.finish((marked) => bad.has(marked.replace(/(\/|\0\??)$/, "")) && !kept.delete(marked));
}

function isMeant(walking: Walking, rules: IgnoreRules, path_: string, isFolder: boolean): boolean {
  const { include, exclude } = walking.options;
  // A glob that ends in a slash asks for folders.
  if (exclude?.(isFolder ? `${path_}/` : path_) === true) return false;
  if (!rules.isEmpty && rules.leavesOut(path_, isFolder)) return false;
  // A folder that is not meant by itself may hold what is.
  return isFolder || include === undefined || include(path_);
}

function reasonApart(walking: Walking, path_: string): LeftOutReason | undefined {
  if (isStoreName(baseOf(path_))) return "store";
  const { apart } = walking.options;
  if (apart === undefined || apart.size === 0) return undefined;
  return apart.get(absolute(walking, path_));
}

function lookAt(walking: Walking, path_: string): FileStat | undefined {
  try {
    // Gone since its folder was read: then it is not there.
    return walking.fs.lookAt(absolute(walking, path_));
  } catch (error) {
    if (walking.options.skipUnreadable !== true) throw readError(absolute(walking, path_), error);
    walking.options.onLeftOut?.({ path: path_, reason: "unreadable", detail: errnoOf(error) ?? String(error) });
    return undefined;
  }
}

function absolute(walking: Walking, path_: string): string {
  if (path_ === "") return walking.root;
  const native = path.sep === "/" ? path_ : path_.replaceAll("/", path.sep);
  return walking.root.endsWith(path.sep) ? walking.root + native : walking.root + path.sep + native;
}

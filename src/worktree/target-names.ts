/**
 * What the folder that is written to makes of names. Most file systems here keep each name as it is; others take two names
 * for one, or a name for a device. A version that such a place cannot hold is refused before the first write.
 */
import path from "node:path";
import { foldName } from "../catalog/index.ts";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { baseOf, comparePaths, type Entry, joinPath } from "../manifest/index.ts";
import { Breather, type FileSystem, openFlags, randomHex, removeQuietly } from "../platform/index.ts";
import { writeError } from "./blob-writer.ts";
import { portabilityProblem } from "./portable.ts";

/** What a place makes of names. */
export interface TargetNames {
  /** Whether names have to be those that Windows can hold. */
  readonly isWindows: boolean;
  /** What names that are one there have in common; `undefined` where each name is one of its own. */
  readonly fold: ((name: string) => string) | undefined;
}

/**
 * Finds out what a folder makes of names: a file is made in it and looked for under another name.
 *
 * @param mayWrite without it the platform decides: where nothing is to be written, nothing is tried out
 */
export function targetNames(fs: FileSystem, folder: string, mayWrite: boolean): TargetNames {
  const isWindows = fs.platform === "win32";
  const foldsCase = mayWrite ? isFoundByOtherCase(fs, folder) : isWindows || fs.platform === "darwin";
  // macOS takes composed and decomposed names for one on all of its file systems.
  const foldsComposition = fs.platform === "darwin";
  const fold = foldsCase ? foldName : foldsComposition ? (name: string): string => name.normalize("NFC") : undefined;
  return { isWindows, fold };
}

/** Whether names there are right for all that a version may hold, so that nobody needs to look at them. */
export function holdsAll({ isWindows, fold }: TargetNames): boolean {
  return !isWindows && fold === undefined;
}

function isFoundByOtherCase(fs: FileSystem, folder: string): boolean {
  const name = `.artifold-${randomHex(8)}.tmp`;
  const file = path.join(folder, name);
  try {
    fs.close(fs.open(file, openFlags.createNew, 0o666));
    return fs.lookAt(path.join(folder, name.toUpperCase())) !== undefined;
  } catch (error) {
    throw errnoOf(error) === undefined ? error : writeError(folder, error);
  } finally {
    removeQuietly(fs, file);
  }
}

/** Why a path cannot be written. */
interface NameProblem {
  readonly path: string;
  /** For people: what becomes of the name there. */
  readonly problem: string;
}

/** How many are told of. */
const PROBLEMS_MAX = 100;

/**
 * Refuses entries that a place cannot hold as they are.
 *
 * @param entries in path order
 * @param staying paths in the folder that stay there, in path order
 * @throws ArtifoldError PATH_INVALID for names that Windows cannot hold, CONFLICT for names that are one there
 */
export async function refuseNames(
  names: TargetNames,
  folder: string,
  entries: AsyncIterable<readonly Entry[]>,
  staying: Iterable<string>,
  signal?: AbortSignal,
): Promise<void> {
  const check = new NamesCheck(names);
  const stay = staying[Symbol.iterator]();
  const breather = new Breather(signal);
  let next = stay.next();
  const seeBefore = async (end: string | undefined): Promise<void> => {
    for (; next.done !== true && (end === undefined || comparePaths(next.value, end) < 0); next = stay.next()) {
      check.see(next.value);
      if (breather.due()) await breather.pause();
    }
  };
  for await (const batch of entries) {
    for (const entry of batch) {
      if (next.done !== true) await seeBefore(entry.path);
      check.look(entry);
    }
    if (breather.due()) await breather.pause();
  }
  await seeBefore(undefined);
  refuseUnholdable(check.unholdable, folder);
  refuseAlike(check.alike, folder);
}

function refuseUnholdable(paths: readonly NameProblem[], folder: string): void {
  const [first] = paths;
  if (first === undefined) return;
  const text = `${JSON.stringify(first.path)} cannot be written on Windows: ${first.problem}`;
  throw new ArtifoldError("PATH_INVALID", `${text}${more(paths)}: nothing was written`, {
    info: { folder, paths },
    hint: "Choose other entries with --path, or download on a system that knows such names.",
  });
}

function refuseAlike(paths: readonly NameProblem[], folder: string): void {
  const [first] = paths;
  if (first === undefined) return;
  const text = `${JSON.stringify(first.path)} ${first.problem} in ${folder}`;
  throw new ArtifoldError("CONFLICT", `${text}${more(paths)}: nothing was written`, {
    info: { folder, conflicts: paths.map(({ path: each }) => ({ path: each, reason: "same name" })) },
    hint: "Choose one of them with --path, or download to a file system that keeps such names apart.",
  });
}

function more(problems: readonly NameProblem[]): string {
  const count = problems.length - 1;
  return count === 0 ? "" : count === 1 ? ", and 1 more path too" : `, and ${count} more paths too`;
}

/** A folder that paths are coming from, and the names in it so far by what they are folded to. */
interface OpenFolder {
  readonly path: string;
  readonly names: Map<string, string>;
}

/** Looks at paths in their order. */
class NamesCheck {
  readonly unholdable: NameProblem[] = [];
  readonly alike: NameProblem[] = [];
  readonly #names: TargetNames;
  /** What lies below a folder comes in one piece: only the folders above the current path are open. */
  readonly #open: OpenFolder[] = [{ path: "", names: new Map() }];

  constructor(names: TargetNames) {
    this.#names = names;
  }

  /** An entry that is to be in the folder. */
  look(entry: Entry): void {
    if (entry.kind === "reference") return;
    this.see(entry.path);
    if (!this.#names.isWindows) return;
    const problem = pathProblem(entry.path);
    if (problem !== undefined) add(this.unholdable, entry.path, problem);
    if (entry.kind !== "link") return;
    const target = pathProblem(entry.target);
    if (target !== undefined) add(this.unholdable, entry.path, `its target ${JSON.stringify(entry.target)}: ${target}`);
  }

  /** A path that is in the folder, or is to be. */
  see(path_: string): void {
    const { fold } = this.#names;
    if (fold === undefined) return;
    const open = this.#open;
    while (!isBelow(path_, this.#folder.path)) open.pop();
    for (let slash = this.#slashOf(path_); slash !== -1; slash = this.#slashOf(path_)) {
      const folder = path_.slice(0, slash);
      this.#note(folder, fold);
      open.push({ path: folder, names: new Map() });
    }
    this.#note(path_, fold);
  }

  get #folder(): OpenFolder {
    return this.#open[this.#open.length - 1] as OpenFolder;
  }

  /** Where the next folder down to a path ends; -1 when its own is open. */
  #slashOf(path_: string): number {
    const { path: folder } = this.#folder;
    return path_.indexOf("/", folder === "" ? 0 : folder.length + 1);
  }

  #note(path_: string, fold: (name: string) => string): void {
    const { path: folder, names } = this.#folder;
    const name = baseOf(path_);
    const folded = fold(name);
    const beside = names.get(folded);
    if (beside === undefined) names.set(folded, name);
    else if (beside !== name) {
      add(this.alike, path_, `and ${JSON.stringify(joinPath(folder, beside))} are one name`);
    }
  }
}

/** Why a path, or a link's target, cannot be written on Windows. */
function pathProblem(path_: string): string | undefined {
  for (const part of path_.split("/")) {
    const problem = part === "" || part === "." || part === ".." ? undefined : portabilityProblem(part);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function add(problems: NameProblem[], path_: string, problem: string): void {
  if (problems.length < PROBLEMS_MAX) problems.push({ path: path_, problem });
}

function isBelow(path_: string, folder: string): boolean {
  return folder === "" || path_.startsWith(`${folder}/`);
}

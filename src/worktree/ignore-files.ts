/** Reads .artifoldignore where it lies, and tells of single paths whether rules leave them out. */
import path from "node:path";
import { errnoOf } from "../errors.ts";
import { parentOf } from "../manifest/index.ts";
import { type FileSystem, kindOf, readWholeFile } from "../platform/index.ts";
import { IGNORE_FILE, IgnoreRules } from "./globs.ts";
import { readError } from "./source-errors.ts";

/** The rules above a folder and those that lie in it. */
export function withRulesOf(fs: FileSystem, root: string, folder: string, above: IgnoreRules): IgnoreRules {
  const file = path.join(root, folder, IGNORE_FILE);
  try {
    // A FIFO, or a link to nothing or to a FIFO, has no rules, and reading it might never end.
    const stat = fs.lookAt(fs.realPath(file));
    if (stat === undefined || kindOf(stat) !== "file") return above;
    const bytes = readWholeFile(fs, file);
    return bytes === undefined ? above : above.with(folder, Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ELOOP") return above;
    throw readError(file, error);
  }
}

/** A folder on the way to the last path that was asked about. */
interface Level {
  readonly folder: string;
  readonly rules: IgnoreRules;
  readonly isLeftOut: boolean;
}

/** Which paths of a folder an upload would leave out by its rules. Cheap for paths that are asked in path order. */
export class IgnoredPaths {
  readonly #fs: FileSystem;
  readonly #root: string;
  readonly #levels: Level[] = [];

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs;
    this.#root = root;
  }

  /** @throws ArtifoldError READ_FAILED for rules that cannot be read */
  has(entryPath: string, isFolder: boolean): boolean {
    const { rules, isLeftOut } = this.#levelOf(parentOf(entryPath));
    return isLeftOut || rules.leavesOut(entryPath, isFolder);
  }

  #levelOf(folder: string): Level {
    let level = this.#levels.at(-1);
    while (level !== undefined && !isWithin(folder, level.folder)) {
      this.#levels.pop();
      level = this.#levels.at(-1);
    }
    if (level?.folder === folder) return level;
    const above = folder === "" ? undefined : this.#levelOf(parentOf(folder));
    // What is left out is not entered: rules inside of it are nobody's.
    const isLeftOut = above !== undefined && (above.isLeftOut || above.rules.leavesOut(folder, true));
    const inherited = above?.rules ?? IgnoreRules.none;
    const rules = isLeftOut ? inherited : withRulesOf(this.#fs, this.#root, folder, inherited);
    const entered = { folder, rules, isLeftOut };
    this.#levels.push(entered);
    return entered;
  }
}

function isWithin(folder: string, other: string): boolean {
  return other === "" || folder === other || folder.startsWith(`${other}/`);
}

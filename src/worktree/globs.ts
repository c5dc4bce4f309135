/** Globs over paths of entries, and the rules of .artifoldignore. */
import { createRequire } from "node:module";
import { ArtifoldError } from "../errors.ts";
import { afterFolder, comparePaths, type PathRange } from "../manifest/index.ts";
import { IgnoreNames } from "./ignore-names.ts";

const require = createRequire(import.meta.url);

/** Tells whether a path is meant. */
export type PathFilter = (path: string) => boolean;

/**
 * A filter of several globs: a path is meant when one of them matches it or a folder above it.
 *
 * A glob without a slash is compared with names at any depth (`*.csv`), one with a slash with whole paths from the root
 * (`train/*.csv`, `/a.csv`); a slash at its end asks for a folder. The path of a folder may be given with a slash at its end.
 *
 * @throws ArtifoldError USAGE for an empty glob
 */
export function compileGlobs(globs: readonly string[]): PathFilter {
  const matchers = globs.map(compileGlob);
  return (path) => matchers.some((matches) => matches(path));
}

/** A filter of globs that knows which of them matched nothing so far: perhaps they were mistyped. */
export class WatchedGlobs {
  readonly isMeant: PathFilter;
  readonly #waiting: Set<string>;

  /** @throws ArtifoldError USAGE for an empty glob */
  constructor(globs: readonly string[]) {
    const matchers = globs.map((glob) => ({ glob, matches: compileGlob(glob) }));
    this.#waiting = new Set(globs);
    this.isMeant = (path) => {
      let isMeant = false;
      for (const { glob, matches } of matchers) {
        // Another one says so already, and this one has had its match.
        if ((isMeant && !this.#waiting.has(glob)) || !matches(path)) continue;
        isMeant = true;
        this.#waiting.delete(glob);
      }
      return isMeant;
    };
  }

  /** Those that matched nothing, in the order in which they were given. */
  get unmatched(): readonly string[] {
    return [...this.#waiting];
  }
}

function compileGlob(glob: string): PathFilter {
  if (glob === "") throw new ArtifoldError("USAGE", "an empty glob matches nothing");
  const picomatch = require("picomatch") as typeof import("picomatch");
  const trimmed = glob.replace(/^\.?\/+/, "").replace(/\/+$/, "");
  const onlyFolders = glob.endsWith("/");
  if (trimmed === "" || trimmed === "**") return () => true;
  const isMatch = picomatch(trimmed, { dot: true, nonegate: true });
  const byName = !glob.replace(/\/+$/, "").includes("/");
  return (path) => {
    for (let end = onlyFolders ? path.lastIndexOf("/") : path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const candidate = path.slice(0, end);
      if (isMatch(byName ? candidate.slice(candidate.lastIndexOf("/") + 1) : candidate)) return true;
    }
    return false;
  };
}

/**
 * Where all lies that globs can mean: the parts of a manifest, in order, beside which nothing needs to be looked at. Of a glob
 * with a slash the names before the first pattern say it; one without may mean a name anywhere.
 */
export function rangesOfGlobs(globs: readonly string[]): readonly PathRange[] {
  const bases = globs.map(baseOfGlob).sort(comparePaths);
  // What lies in another's range is read with it.
  const outer = bases.filter((base, index) => !bases.slice(0, index).some((other) => isInRange(base, other)));
  return outer.map((base) => (base === "" ? {} : { from: base, to: afterFolder(base) }));
}

function isInRange(base: string, other: string): boolean {
  return other === "" || (comparePaths(other, base) <= 0 && comparePaths(base, afterFolder(other)) < 0);
}

/** The path of a file or folder that a glob means, or at or below which all of that lies; "" for anywhere. */
function baseOfGlob(glob: string): string {
  if (!glob.replace(/\/+$/, "").includes("/")) return "";
  const names = glob
    .replace(/^\.?\/+/, "")
    .replace(/\/+$/, "")
    .split("/");
  const pattern = names.findIndex(
    (name) => /[^\p{L}\p{M}\p{N} ._-]/u.test(name) || name === "" || name === "." || name === "..",
  );
  return (pattern === -1 ? names : names.slice(0, pattern)).join("/");
}

/** The file whose rules leave names out, in gitignore syntax. */
export const IGNORE_FILE = ".artifoldignore";

/** Rules of ignore files, those of deeper folders after those above them. */
export class IgnoreRules {
  readonly #base: string;
  readonly #rules: import("ignore").Ignore | undefined;
  readonly #names: IgnoreNames;
  readonly #above: IgnoreRules | undefined;

  private constructor(base: string, text: string | undefined, above: IgnoreRules | undefined) {
    this.#base = base;
    const ignore = text === undefined ? undefined : (require("ignore") as typeof import("ignore"));
    this.#rules = ignore?.({ ignorecase: false }).add(text as string);
    this.#names = new IgnoreNames(text ?? "");
    this.#above = above;
  }

  /** No rules. */
  static readonly none: IgnoreRules = new IgnoreRules("", undefined, undefined);

  /** These rules and those of a file in a deeper folder. */
  with(folder: string, text: string): IgnoreRules {
    return new IgnoreRules(folder === "" ? "" : `${folder}/`, text, this);
  }

  /** Whether a name is left out; the deepest file that says something decides. */
  leavesOut(path: string, isFolder: boolean): boolean {
    for (let rules: IgnoreRules | undefined = this; rules !== undefined; rules = rules.#above) {
      if (rules.#rules === undefined) continue;
      const relative = path.slice(rules.#base.length);
      if (!rules.#names.mayMatch(relative)) continue;
      const verdict = rules.#rules.test(isFolder ? `${relative}/` : relative);
      if (verdict.ignored) return true;
      if (verdict.unignored) return false;
    }
    return false;
  }

  /** Whether there is any rule. */
  get isEmpty(): boolean {
    return this.#rules === undefined && this.#above === undefined;
  }
}

/** Globs of callers: what they mean, and which are too costly to be looked for. */
import { ArtifoldError } from "../errors.ts";
import { compileGlobs } from "../worktree/index.ts";

const LENGTH_MAX = 1024;
/** Places where a glob can go on in several ways, in all and between two slashes: each multiplies the time for hostile names. */
const CHOICES_MAX = 8;
const CHOICES_OF_PART_MAX = 3;

/** What says whether a path is meant. What people type is part of a path until it looks like a glob. @throws ArtifoldError USAGE */
export function matcherOf(glob: string): (path: string) => boolean {
  checkGlob(glob);
  if (/[*?[\]{}!/]/.test(glob)) return compileGlobs([glob]);
  const part = glob.normalize("NFC").toLowerCase();
  return (path) => path.normalize("NFC").toLowerCase().includes(part);
}

/** Refuses a glob with which a caller could hold up the server. @throws ArtifoldError USAGE */
export function checkGlob(glob: string): void {
  const parts = glob.split("/").map((part) => part.match(/\*+|\{|,/g)?.length ?? 0);
  const choices = parts.reduce((sum, each) => sum + each, 0);
  const isCostly = choices > CHOICES_MAX || Math.max(...parts) > CHOICES_OF_PART_MAX;
  if (glob.length <= LENGTH_MAX && !isCostly && !/[?*+@!]\(/.test(glob)) return;
  throw new ArtifoldError("USAGE", "the glob is too long, or has too many wildcards");
}

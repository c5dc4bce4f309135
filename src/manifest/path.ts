/** The rules for paths of entries, and their order. */
import { ArtifoldError } from "../errors.ts";
import { utf8Length } from "./codec.ts";

/** The longest path of an entry, in UTF-8 bytes. */
export const PATH_BYTES_MAX = 4096;
/** The longest part of a path (between two slashes), in UTF-8 bytes: what common file systems hold. */
export const PATH_PART_BYTES_MAX = 255;
/** How many parts a path may have. */
export const PATH_DEPTH_MAX = 256;

/** Says why a text cannot be the path of an entry, or `undefined` when it can. */
export function pathProblem(path: string): string | undefined {
  if (path === "") return "it is empty";
  if (path.includes("\0")) return "it holds a NUL character";
  if (!isWellFormed(path)) return "it is not valid Unicode";
  if (path.length > PATH_BYTES_MAX || utf8Length(path) > PATH_BYTES_MAX) {
    return `it is longer than ${PATH_BYTES_MAX} bytes`;
  }
  let depth = 0;
  for (let start = 0; start <= path.length; ) {
    const slash = path.indexOf("/", start);
    const end = slash === -1 ? path.length : slash;
    const problem = partProblem(path, start, end);
    if (problem !== undefined) return problem;
    if (++depth > PATH_DEPTH_MAX) return `it has more than ${PATH_DEPTH_MAX} parts`;
    start = end + 1;
  }
  return undefined;
}

/** Says why a name that a file system gave cannot stand below a folder whose path is fine, or `undefined`. */
export function nameProblem(folder: string, name: string): string | undefined {
  // Three bytes at most for each UTF-16 unit, two units at least for each part: only long paths need to be counted.
  const length = folder.length + name.length + 1;
  const isLong = length * 3 > PATH_BYTES_MAX || length > 2 * PATH_DEPTH_MAX || name.length * 3 > PATH_PART_BYTES_MAX;
  if (isLong) return pathProblem(joinPath(folder, name));
  return partProblem(name, 0, name.length);
}

function partProblem(path: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length === 0) return "it has an empty part";
  if (path.charCodeAt(start) === 0x2e) {
    if (length === 1) return 'it has a part "."';
    if (length === 2 && path.charCodeAt(start + 1) === 0x2e) return 'it has a part ".."';
  }
  // Three bytes at most for each UTF-16 unit: only long parts need to be counted.
  if (length * 3 > PATH_PART_BYTES_MAX && utf8Length(path.slice(start, end)) > PATH_PART_BYTES_MAX) {
    return `it has a part longer than ${PATH_PART_BYTES_MAX} bytes`;
  }
  return undefined;
}

/** Throws PATH_INVALID unless the text can be the path of an entry. */
export function checkPath(path: string): void {
  const problem = pathProblem(path);
  if (problem !== undefined) {
    throw new ArtifoldError("PATH_INVALID", `not a path of an entry: ${JSON.stringify(path)}: ${problem}`);
  }
}

const surrogate = /[\ud800-\udfff]/;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Whether a text has no lone surrogates, so that UTF-8 can hold it. */
export function isWellFormed(text: string): boolean {
  return !surrogate.test(text) || !loneSurrogate.test(text);
}

/**
 * Compares two texts by their UTF-8 bytes: the order of entries.
 *
 * @returns a negative number, zero or a positive number
 */
export function comparePaths(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return codePointRank(a) - codePointRank(b);
  }
  return left.length - right.length;
}

/** UTF-16 puts surrogates below U+E000, UTF-8 puts what they encode above U+FFFF. */
function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** The path of the folder that holds a path; empty for one at the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? "" : path.slice(0, slash);
}

/** The last part of a path. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A path below a folder; the folder may be empty for the root. */
export function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The smallest text that comes after every path below the folder: "0" follows "/". */
export function afterFolder(folder: string): string {
  return `${folder}0`;
}

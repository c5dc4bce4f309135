/** Whether a file may be read in the place of a clone that was made of it. */
import type { FileStat, FileSystem } from "../platform/index.ts";

/** A file is at rest when its last change is so long before the clone: a later one shows in its times whatever their grain. */
const SETTLED_MS = 1000;

/**
 * Whether a file may be read in the place of its clone: it may be in memory, and a fresh clone never is. What is read of it
 * is what the clone holds when its ctime is the same after the reading (nobody can set that): whoever writes changes it
 * first, and a clone waits for writes under way. Linux keeps to that for memory-mapped files too; others do not promise it.
 */
export function isSettledBefore(fs: FileSystem, original: FileStat, clone: FileStat): boolean {
  return fs.platform === "linux" && clone.mtimeMs - original.ctimeMs >= SETTLED_MS;
}

/** A small disk of its own, to be filled: a tmpfs, which only root may mount. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export class SmallDisk {
  readonly folder: string;

  constructor(bytes: number) {
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), "artifold-disk-")));
    const options = ["-t", "tmpfs", "-o", `size=${bytes},mode=700`, "tmpfs", this.folder];
    try {
      execFileSync("mount", options, { stdio: "ignore" });
    } catch (error) {
      rmSync(this.folder, { recursive: true });
      throw error;
    }
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes all room but so many bytes, rounded to pages. */
  fill(leave: number): void {
    const block = Buffer.alloc(4096, 1);
    const fd = openSync(path.join(this.folder, "filler"), "w");
    for (let left = this.free - leave; left > 0; left -= block.length) writeSync(fd, block);
    closeSync(fd);
  }

  makeRoom(): void {
    rmSync(path.join(this.folder, "filler"), { force: true });
  }

  unmount(): void {
    try {
      execFileSync("umount", [this.folder]);
    } catch (error) {
      // Somebody left a file open: that is the error, and no reason to leave the disk behind.
      execFileSync("umount", ["-l", this.folder]);
      throw error;
    }
    rmSync(this.folder, { recursive: true });
  }
}

/** Whether disks can be mounted here. */
export function canMount(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    new SmallDisk(4096 * 16).unmount();
    return true;
  } catch {
    return false;
  }
}

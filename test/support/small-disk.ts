/** A small disk of its own, to be filled: a tmpfs, or ext4 with small blocks, which only root may mount. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { errnoOf } from "../../src/errors.ts";

export class SmallDisk {
  readonly folder: string;

  /** @param blockBytes makes it ext4 with such blocks */
  constructor(bytes: number, blockBytes?: number) {
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), "artifold-disk-")));
    try {
      if (blockBytes === undefined) {
        run("mount", "-t", "tmpfs", "-o", `size=${bytes},mode=700`, "tmpfs", this.folder);
      } else {
        writeFileSync(this.#image, "");
        truncateSync(this.#image, bytes);
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", `${blockBytes}`, this.#image);
        run("mount", "-o", "loop", this.#image, this.folder);
      }
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  get #image(): string {
    return `${this.folder}.img`;
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes all room but so many bytes, rounded to pages. */
  fill(leave: number): void {
    const block = Buffer.alloc(4096, 1);
    const fd = openSync(path.join(this.folder, "filler"), "w");
    try {
      for (let left = this.free - leave; left > 0; left -= block.length) {
        writeSync(fd, block, 0, Math.min(left, block.length));
      }
    } catch (error) {
      // ext4 keeps some of what it says is free for itself.
      if (errnoOf(error) !== "ENOSPC") throw error;
    } finally {
      closeSync(fd);
    }
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
    } finally {
      this.#remove();
    }
  }

  #remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#image, { force: true });
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: "ignore" });
}

/** Whether such disks can be mounted here. */
export function canMount(bytes: number = 4096 * 16, blockBytes?: number): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    new SmallDisk(bytes, blockBytes).unmount();
    return true;
  } catch {
    return false;
  }
}

/** A disk of its own whose file system can share bytes between files: a loop device, which only root may mount. */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const makers = {
  xfs: ["mkfs.xfs", "-q", "-m", "reflink=1"],
  btrfs: ["mkfs.btrfs", "-q"],
} as const;

export type ReflinkKind = keyof typeof makers;

export class ReflinkDisk {
  readonly folder: string;
  readonly #image: string;

  constructor(kind: ReflinkKind, bytes: number = 512 * 1024 * 1024) {
    this.folder = realpathSync(mkdtempSync(path.join(tmpdir(), "artifold-reflink-")));
    this.#image = `${this.folder}.img`;
    try {
      const fd = openSync(this.#image, "w");
      ftruncateSync(fd, bytes);
      closeSync(fd);
      const [program, ...options] = makers[kind];
      execFileSync(program, [...options, this.#image], { stdio: "ignore" });
      execFileSync("mount", ["-o", "loop", this.#image, this.folder], { stdio: "ignore" });
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  /** Bytes that are taken, as the file system counts them once all of it is on the disk. */
  get used(): number {
    execFileSync("sync", ["-f", this.folder]);
    const { blocks, bfree, bsize } = statfsSync(this.folder);
    return (blocks - bfree) * bsize;
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

/** Which of these disks can be made here. */
export function reflinkKinds(): ReflinkKind[] {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return [];
  return (Object.keys(makers) as ReflinkKind[]).filter(canShare);
}

function canShare(kind: ReflinkKind): boolean {
  let disk: ReflinkDisk;
  try {
    disk = new ReflinkDisk(kind);
  } catch {
    return false;
  }
  try {
    writeFileSync(path.join(disk.folder, "one"), "1");
    copyFileSync(path.join(disk.folder, "one"), path.join(disk.folder, "two"), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    disk.unmount();
  }
}

/**
 * A fresh, empty file system for each cycle: a loop device on a sparse file. On a file system that has seen many files come
 * and go, ext4's memory of them is measured and not the tool.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import path from "node:path";

const ROOM_BYTES = 32 * 2 ** 30;

const makers = {
  // Enough inodes for three times a million files; no inode tables written in the background while others are timed.
  ext4: { make: ["mkfs.ext4", "-q", "-F", "-i", "8192", "-E", "lazy_itable_init=1"], options: "noinit_itable" },
  xfs: { make: ["mkfs.xfs", "-q", "-f", "-m", "reflink=1"], options: "defaults" },
};

const open = new Set();
process.once("exit", () => {
  for (const place of open) place.remove();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** Whether file systems can be made and mounted here; else a cycle gets a fresh folder, and the report says so. */
export function canMount(work) {
  try {
    freshPlace(work, "ext4", true).remove();
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes an empty place.
 *
 * @param kind "ext4" or "xfs"
 * @param mounts whether file systems can be mounted; without, any kind is a folder
 * @returns its folder, and how it is removed again
 */
export function freshPlace(work, kind, mounts) {
  mkdirSync(work, { recursive: true });
  const folder = mkdtempSync(path.join(work, "cycle-"));
  const place = mounts ? mounted(folder, kind) : plain(folder);
  open.add(place);
  return place;
}

function plain(folder) {
  const place = { folder, fileSystem: "folder", remove };
  function remove() {
    open.delete(place);
    rmSync(folder, { recursive: true, force: true });
  }
  return place;
}

function mounted(folder, kind) {
  const { make, options } = makers[kind];
  const image = `${folder}.img`;
  const fd = openSync(image, "w");
  ftruncateSync(fd, ROOM_BYTES);
  closeSync(fd);
  let device;
  const place = { folder, fileSystem: kind, remove };
  function remove() {
    open.delete(place);
    spawnSync("umount", [folder]);
    if (device !== undefined) spawnSync("losetup", ["-d", device]);
    rmSync(image, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    execFileSync(make[0], [...make.slice(1), image], { stdio: "pipe" });
    // Direct, or every byte would be in the page cache twice.
    device = execFileSync("losetup", ["--find", "--show", "--direct-io=on", image], { stdio: "pipe" })
      .toString()
      .trim();
    execFileSync("mount", ["-o", options, device, folder], { stdio: "pipe" });
    return place;
  } catch (error) {
    remove();
    throw error;
  }
}

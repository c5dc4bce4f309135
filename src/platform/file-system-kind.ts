/** Tells file systems on which locks or flushes of other machines cannot be relied on (rule R16). */
import { statfsSync } from "node:fs";

// From Linux's magic.h and the file systems' own headers.
const networkKinds: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x65735546, "FUSE"],
  [0x01021997, "9P"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x47504653, "GPFS"],
  [0x7461636f, "OCFS2"],
  [0x564c, "NCP"],
]);

/**
 * The name of the network (or user-space) file system that holds a path, or `undefined` where locks and flushes are the
 * kernel's own. Answers only on Linux; other systems do not say.
 */
export function networkFileSystem(path: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  return networkKinds.get(statfsSync(path).type >>> 0);
}

/** Free and total bytes of the disk that holds a path, for whoever runs the process, and the bytes of a block of it. */
export function diskSpace(path: string): { free: number; total: number; block: number } {
  const { bavail, blocks, bsize } = statfsSync(path);
  return { free: bavail * bsize, total: blocks * bsize, block: bsize };
}

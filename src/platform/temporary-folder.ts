import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder among the system's temporary ones. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes the folder with all that is in it. */
  remove(): Promise<void>;
}

/** Makes an empty folder that only this user can enter. */
export async function makeTemporaryFolder(prefix: string): Promise<TemporaryFolder> {
  const folder = await fs.promises.mkdtemp(path.join(tmpdir(), prefix));
  return { path: folder, remove: () => fs.promises.rm(folder, { recursive: true, force: true }) };
}

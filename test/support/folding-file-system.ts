/** A file system that takes names for one which are folded to the same, as those of Windows and macOS do. */
import fs from "node:fs";
import path from "node:path";
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";

/** Folds the last name of each path; whoever goes down part by part meets folders of other names as well. */
export function foldingFileSystem(fold: (name: string) => string, platform = process.platform): FileSystem {
  const real = (file: string): string => {
    const [folder, name] = [path.dirname(file), path.basename(file)];
    const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    return path.join(folder, names.find((each) => fold(each) === fold(name)) ?? name);
  };
  return {
    ...nodeFileSystem,
    platform,
    open: (file, flags, mode) => nodeFileSystem.open(real(file), flags, mode),
    lookAt: (file) => nodeFileSystem.lookAt(real(file)),
    makeFolder: (file, mode) => nodeFileSystem.makeFolder(real(file), mode),
    removeFolder: (file) => nodeFileSystem.removeFolder(real(file)),
    remove: (file) => nodeFileSystem.remove(real(file)),
    rename: (from, to) => nodeFileSystem.rename(real(from), real(to)),
    makeLink: (target, file) => nodeFileSystem.makeLink(target, real(file)),
  };
}

/** Files that somebody chose or dropped, with their paths in the version to be. */

/** A file to upload. */
export interface ChosenFile {
  /** With "/" between its parts. */
  readonly path: string;
  readonly file: File;
}

/** Files of an input. Of a folder the paths inside of it are kept, its own name is not: as `artifold upload FOLDER` does. */
export function filesOfInput(files: Iterable<File>): ChosenFile[] {
  return [...files].map((file) => {
    const inside = file.webkitRelativePath.split("/").slice(1).join("/");
    return { file, path: inside === "" ? file.name : inside };
  });
}

/** Files that were dropped: one folder's contents go to the root, several keep their names. */
export async function filesOfDrop(transfer: DataTransfer): Promise<ChosenFile[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [only] = entries;
  const isOneFolder = entries.length === 1 && only?.isDirectory === true;
  const found: ChosenFile[] = [];
  for (const entry of entries) await walk(entry, isOneFolder ? "" : entry.name, found);
  return found;
}

async function walk(entry: FileSystemEntry, path: string, found: ChosenFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    found.push({ path: path === "" ? file.name : path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  while (true) {
    // A reader gives some hundred names at a time, and none at the end.
    const names = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (names.length === 0) return;
    for (const each of names) await walk(each, path === "" ? each.name : `${path}/${each.name}`, found);
  }
}

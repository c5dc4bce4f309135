/** Folders of versions as one file, made while it is sent. Names are relative to the folder; references are left out. */
import { makeZip } from "client-zip";
import { createTarPacker, type TarHeader } from "modern-tar";
import { Breather } from "../platform/index.ts";
import type { EntryView, Version } from "../store/index.ts";

/** A zip ends with a directory of all that is in it, which has to be kept until then. */
export const ZIP_ENTRIES_MAX = 100_000;

const modes = { plain: 0o644, executable: 0o755, folder: 0o755, link: 0o777 } as const;
/** What says "symbolic link" in the mode of a file. */
const ZIP_LINK: number = 0o120000 | modes.link;

/** An entry with the name that it has in the archive. */
interface Packed {
  readonly name: string;
  readonly entry: EntryView;
}

/** A zip, uncompressed: what is worth compressing mostly is already. */
export function zipOf(version: Version, folder: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  const lastModified = new Date(version.createdAt);
  async function* files(): AsyncGenerator<
    | { name: string; lastModified: Date; mode: number; input: ReadableStream<Uint8Array> | string }
    | { name: string; lastModified: Date; mode: number }
  > {
    for await (const { name, entry } of packed(version, folder, signal)) {
      if (entry.kind === "folder") yield { name: `${name}/`, lastModified, mode: modes.folder };
      else if (entry.kind === "link") yield { name, lastModified, mode: ZIP_LINK, input: entry.target ?? "" };
      else {
        const mode = entry.executable ? modes.executable : modes.plain;
        yield { name, lastModified, mode, input: version.stream(entry.path, { signal }) };
      }
    }
  }
  return makeZip(files(), { buffersAreUTF8: true });
}

/** A tar, in the form that POSIX calls pax where a name or a size needs it. */
export function tarOf(version: Version, folder: string, signal: AbortSignal): ReadableStream<Uint8Array> {
  const { readable, controller } = createTarPacker();
  const mtime = new Date(version.createdAt);
  async function pack(): Promise<void> {
    for await (const { name, entry } of packed(version, folder, signal)) {
      const writer = controller.add(tarHeader(name, entry, mtime)).getWriter();
      if (entry.kind === "file") {
        for await (const piece of version.stream(entry.path, { signal })) await writer.write(piece);
      }
      await writer.close();
    }
    controller.finalize();
  }
  // Where it fails, the stream does, and whoever reads sees that it has not all.
  pack().catch((error: unknown) => controller.error(error));
  return readable;
}

function tarHeader(name: string, entry: EntryView, mtime: Date): TarHeader {
  if (entry.kind === "folder") return { name: `${name}/`, type: "directory", size: 0, mode: modes.folder, mtime };
  if (entry.kind === "link") {
    return { name, type: "symlink", size: 0, mode: modes.link, mtime, linkname: entry.target ?? "" };
  }
  return { name, type: "file", size: entry.size, mode: entry.executable ? modes.executable : modes.plain, mtime };
}

async function* packed(version: Version, folder: string, signal: AbortSignal): AsyncGenerator<Packed> {
  const start = folder === "" ? 0 : folder.length + 1;
  const breather = new Breather(signal);
  for await (const entry of version.entries({ folder })) {
    if (entry.kind !== "reference") yield { name: entry.path.slice(start), entry };
    if (breather.due()) await breather.pause();
  }
}

/** Packs that a push which was cut off has left: what is in them need not be sent again. */
import { isArtifoldError } from "../errors.ts";
import { groupPrefix, type PackName, packOfKey } from "../logs/index.ts";
import { decodeFoot, FOOT_BYTES, openTable, type Table } from "../objects/index.ts";
import { sideBySide } from "../platform/index.ts";
import type { ListedKey, Remote, RemoteCallOptions } from "../remote/index.ts";

const READS_AHEAD = 4;
/** Of a pack's end so much is read at once: mostly its table is in it. */
const END_BYTES: number = 64 * 1024;

/** A pack and what is in it. */
export interface FoundPack {
  readonly name: PackName;
  readonly table: Table;
}

/** The packs of a group, but for those that are doomed, or not as they should be. */
export async function* packsOfGroup(
  remote: Remote,
  group: string,
  isDoomed: (pack: PackName) => boolean,
  call: RemoteCallOptions,
): AsyncGenerator<FoundPack, void, undefined> {
  const found: ListedKey[] = [];
  for await (const listed of remote.list(groupPrefix(group), undefined, call)) {
    const pack = packOfKey(listed.key);
    if (pack !== undefined && !isDoomed(pack)) found.push(listed);
  }
  const read = (listed: ListedKey): Promise<FoundPack | undefined> => readTable(remote, listed, call);
  for await (const pack of sideBySide(found, READS_AHEAD, read)) if (pack !== undefined) yield pack;
}

async function readTable(
  remote: Remote,
  { key, size }: ListedKey,
  call: RemoteCallOptions,
): Promise<FoundPack | undefined> {
  const from = Math.max(0, size - END_BYTES);
  let end = await remote.read(key, { offset: from, length: size - from }, call);
  if (end === undefined || end.length !== size - from || size < FOOT_BYTES) return undefined;
  try {
    const foot = decodeFoot(end.subarray(end.length - FOOT_BYTES), size);
    if (foot.tableOffset < from) {
      const more = await remote.read(key, { offset: foot.tableOffset, length: from - foot.tableOffset }, call);
      if (more?.length !== from - foot.tableOffset) return undefined;
      end = Buffer.concat([more, end]);
    }
    const at = end.length - FOOT_BYTES - foot.tableLength;
    return { name: packOfKey(key) as PackName, table: openTable(end.subarray(at, at + foot.tableLength), foot) };
  } catch (error) {
    if (isArtifoldError(error, "DAMAGED")) return undefined;
    throw error;
  }
}

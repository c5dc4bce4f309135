/** What packs of a remote hold, by the tables at their ends. */
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

/** A pack that is there, and how many bytes it has. */
export interface ListedPack extends ListedKey {
  readonly name: PackName;
}

/** The packs whose keys begin with a prefix. */
export async function listPacks(remote: Remote, prefix: string, call: RemoteCallOptions): Promise<ListedPack[]> {
  const found: ListedPack[] = [];
  for await (const listed of remote.list(prefix, undefined, call)) {
    const name = packOfKey(listed.key);
    if (name !== undefined) found.push({ ...listed, name });
  }
  return found;
}

/**
 * The packs of a group, which a push that was cut off has left, but for those that are passed over, or not as they should be:
 * what is in them need not be sent again.
 */
export async function* packsOfGroup(
  remote: Remote,
  group: string,
  isPassedOver: (pack: PackName) => boolean,
  call: RemoteCallOptions,
): AsyncGenerator<FoundPack, void, undefined> {
  const found = (await listPacks(remote, groupPrefix(group), call)).filter(({ name }) => !isPassedOver(name));
  for await (const pack of readTables(remote, found, call)) if (pack.table !== undefined) yield pack as FoundPack;
}

/** The tables of packs; no table of a pack that is gone, or not as it should be. */
export function readTables(
  remote: Remote,
  packs: readonly ListedPack[],
  call: RemoteCallOptions,
): AsyncGenerator<ListedPack & { readonly table: Table | undefined }, void, undefined> {
  return sideBySide(packs, READS_AHEAD, async (listed) => ({
    ...listed,
    table: (await readTable(remote, listed, call))?.table,
  }));
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

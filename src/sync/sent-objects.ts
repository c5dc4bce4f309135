/** What a push has put into packs, and where: in memory, some sixty bytes an object. */
import { type Digest, digestFromBytes, digestToBytes } from "../digest/index.ts";
import type { PackName, RemotePlace } from "../logs/index.ts";
import { type EncodedFrames, RUN_ROW_BYTES, Table, TableBuilder, TableCursor } from "../objects/index.ts";

/** More than the longest pack: a place in the n-th pack is told as n times this and its offset there. */
const PACK_SPAN: number = 2 ** 25;

/** Rows of an index, sorted, whose files are numbers of packs. */
export interface SortedRows {
  readonly packs: readonly PackName[];
  /** Rows one after another. */
  readonly rows: Buffer;
}

/** Objects of one push. */
export class SentObjects {
  readonly #table = new TableBuilder();
  readonly #packs: (PackName | undefined)[] = [];
  readonly #wanted: Buffer = Buffer.alloc(32);

  get objectCount(): number {
    return this.#table.objectCount;
  }

  /** Begins a pack. @returns its number, by which it goes until it has a name */
  begin(): number {
    this.#packs.push(undefined);
    return this.#packs.length - 1;
  }

  /** Gives a pack its name. */
  name(pack: number, name: PackName): void {
    this.#packs[pack] = name;
  }

  /** The name of a pack; `undefined` while it is in the making. */
  nameOf(pack: number): PackName | undefined {
    return this.#packs[pack];
  }

  /** Notes frames that lie in a pack. */
  add(frames: EncodedFrames, pack: number, offset: number): void {
    this.#table.add(frames, pack * PACK_SPAN + offset);
  }

  /** Takes over what a pack holds that was sent before. */
  adopt(name: PackName, table: Table): void {
    const pack = this.begin();
    this.name(pack, name);
    for (let row = 0; row < table.rowCount; row++) {
      const { digest, place } = table.row(row);
      if (this.#table.find(digest) !== undefined) continue;
      this.#table.addObject(digestFromBytes(digest), { ...place, offset: pack * PACK_SPAN + place.offset });
    }
  }

  has(digest: Digest): boolean {
    return this.#table.find(digestToBytes(digest, this.#wanted)) !== undefined;
  }

  /** Where an object lies that was sent; its pack has no name yet while it is in the making. */
  find(digest: Digest): (Omit<RemotePlace, "pack"> & { readonly pack: PackName | undefined }) | undefined {
    const found = this.#table.find(digestToBytes(digest, this.#wanted));
    if (found === undefined) return undefined;
    const pack = Math.floor(found.offset / PACK_SPAN);
    const { length, index } = found;
    return { pack: this.#packs[pack], offset: found.offset - pack * PACK_SPAN, length, index, extra: 0 };
  }

  /** All rows, for the index. Every pack has its name by then. */
  sorted(): SortedRows {
    const table = new Table(this.#table.finish());
    const rows = Buffer.alloc(table.rowCount * RUN_ROW_BYTES);
    const cursor = new TableCursor(table, 0);
    for (let at = 0; cursor.advance(); at += RUN_ROW_BYTES) {
      const offset = cursor.row.readUIntLE(36, 6);
      const pack = Math.floor(offset / PACK_SPAN);
      cursor.row.copy(rows, at);
      rows.writeUInt32LE(pack, at + 32);
      rows.writeUIntLE(offset - pack * PACK_SPAN, at + 36, 6);
    }
    return { packs: this.#packs as PackName[], rows };
  }
}

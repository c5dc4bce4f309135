/** Adopted files: content alone, and the table beside it. */
import { chunkLengths } from "../../../src/chunking/index.ts";
import { type Digest, hashContent } from "../../../src/digest/index.ts";
import { encodeFoot, TableBuilder, type TablePlace } from "../../../src/objects/index.ts";
import { hex, join, seededBytes } from "./shape.ts";

type Row = Pick<TablePlace, "offset" | "length"> & { readonly digest: Digest };

/** Cut early on, like the large file of the store: three chunks and more in few bytes. */
const CONTENT = { seed: 1, length: 100_000 } as const;
const RANDOM = "0011223344556677";

/** An adopted file as a writer leaves it, with the random digits of its name given. */
export function adoptedOf(bytes: Uint8Array, random: string): { name: string; rows: Row[]; table: Uint8Array } {
  const rows: Row[] = [];
  let offset = 0;
  for (const length of chunkLengths(bytes)) {
    rows.push({ digest: hashContent(bytes.subarray(offset, offset + length)), offset, length });
    offset += length;
  }
  return { name: `${hashContent(bytes)}-${random}`, rows, table: tableOf(rows) };
}

/** A table as a file of its own. */
function tableOf(rows: readonly Row[]): Uint8Array {
  const builder = new TableBuilder();
  for (const { digest, offset, length } of rows) {
    builder.addObject(digest, { offset, length, index: 0, isDelta: false });
  }
  const table = builder.finish();
  return join(table, encodeFoot(0, table));
}

export function adopted(): unknown {
  const bytes = seededBytes(CONTENT.seed, CONTENT.length);
  const { name, rows, table } = adoptedOf(bytes, RANDOM);
  const last = rows.at(-1) as Row;
  const refused = (what: string, why: string, by: Uint8Array): unknown => ({ name: what, why, table: hex(by) });
  return {
    about:
      "An adopted file: its name, its content (seeded), its chunks and its table. Then tables that are not those of this file.",
    valid: [{ name, content: CONTENT, chunks: rows, table: hex(table) }],
    invalid: [
      refused("shorter", "a table that ends before the file does", tableOf(rows.slice(0, -1))),
      refused(
        "longer",
        "a table that goes on behind its end",
        tableOf([...rows.slice(0, -1), { ...last, length: last.length + 1 }]),
      ),
      refused(
        "gap",
        "a byte between two chunks that is in neither",
        tableOf([{ ...rows[0], length: 1 } as Row, ...rows.slice(1)]),
      ),
      refused("cut short", "a table without the last byte of its foot", table.subarray(0, -1)),
      refused("not at its beginning", "a byte before the table", join("00", table)),
    ],
  };
}

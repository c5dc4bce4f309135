/** What files are shown as, and how tables are read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv } from "../../src/web/previews/csv.ts";
import { readJsonLines } from "../../src/web/previews/json-lines.ts";
import { previewOf } from "../../src/web/previews/kinds.ts";
import { type RowParser, readRowPage } from "../../src/web/previews/row-pages.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["a/photo.PNG", bytes("\u0089PNG"), "image"],
  ["page.html", bytes("<script>alert(1)</script>"), "text"],
  ["drawing.svg", bytes("<svg onload='alert(1)'/>"), "text"],
  ["README", bytes("hello"), "text"],
  ["table.csv", bytes("a,b\n1,2"), "csv"],
  ["table.csv", new Uint8Array([0, 1, 2]), "bytes"],
  ["weights.bin", new Uint8Array([0, 255]), "bytes"],
  ["sound.flac", new Uint8Array([0]), "audio"],
  ["cut.txt", bytes("고양이").slice(0, 4), "text"],
])("%s is shown as %s", (path, head, kind) => expect(previewOf(path, head)).toBe(kind));

describe("comma-separated values", () => {
  test.each<[string, string[][]]>([
    [
      "a,b\n1,2\n",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a,b\r\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    ['"a ""b""","c\nd"\n', [['a "b"', "c\nd"]]],
    [
      "a,\n,b\n",
      [
        ["a", ""],
        ["", "b"],
      ],
    ],
    ["a,", [["a", ""]]],
    ['"a"b,c', [["ab", "c"]]],
    ["", []],
  ])("%j", (text, rows) => expect(readCsv(text, ",", 100).rows).toEqual(rows));

  test("of a text that is cut the last row is left out", () => {
    expect(readCsv("a,b\n1,2\n3,", ",", 100, false)).toEqual({
      rows: [
        ["a", "b"],
        ["1", "2"],
      ],
      used: 8,
    });
    // What follows may be the other half of the end of the line, or of a quote.
    expect(readCsv("1\r", ",", 100, false)).toEqual({ rows: [], used: 0 });
    expect(readCsv('1\n"2"', ",", 100, false)).toEqual({ rows: [["1"]], used: 2 });
  });

  test("what is written as a table is read as it was", () => {
    const rows = fc.array(fc.array(fc.string(), { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 });
    const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(rows, (own) => {
        const text = own.map((row) => `${row.map(quote).join(",")}\n`).join("");
        expect(readCsv(text, ",", 100).rows).toEqual(own);
      }),
    );
  });
});

describe("pages of rows", () => {
  /** All pages of a file, and what was read for them. */
  async function pagesOf<Row>(file: Uint8Array, rows: number, parse: RowParser<Row>, known = 0) {
    const pages: (readonly Row[])[] = [];
    const reads: [start: number, end: number][] = [];
    for (let start = 0; start < file.length; ) {
      const head = start < known ? { known: file.subarray(start, known) } : {};
      const page = await readRowPage({ start, size: file.length, rows, ...head }, parse, async (from, to) => {
        reads.push([from, to]);
        return file.subarray(from, to);
      });
      pages.push(page.rows);
      expect(page.end).toBeGreaterThan(start);
      start = page.end;
    }
    return { pages, reads };
  }
  const csv: RowParser<readonly string[]> = (text, rowsMax, isWhole) => readCsv(text, ",", rowsMax, isWhole);

  test("together they are the file, whatever it holds and wherever it is cut", async () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom("고양이", "\r\n", '"', "é,ü", "🐈"));
    const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 7 }), fc.nat(200), async (own, rows, known) => {
        const file = bytes(
          own.map((row) => `${row.map((each) => `"${each.replaceAll('"', '""')}"`).join(",")}\n`).join(""),
        );
        const { pages } = await pagesOf(file, rows, csv, Math.min(known, file.length));
        expect(pages.flat()).toEqual(own);
        expect(pages.every((page, at) => page.length === rows || at === pages.length - 1)).toBe(true);
      }),
    );
  });

  test("of a long file no more is read than a page needs", async () => {
    const file = bytes("12345678,abcdefgh\n".repeat(200_000));
    const [, second = [0, 0]] = (await pagesOf(file, 20_000, csv)).reads;
    const { rows, end } = await readRowPage({ start: 1800, size: file.length, rows: 10 }, csv, async (from, to) => {
      expect([from, to - from]).toEqual([1800, 262_144]);
      return file.subarray(from, to);
    });
    expect(rows).toHaveLength(10);
    expect(end).toBe(1800 + 180);
    expect(second[1] - second[0]).toBeLessThanOrEqual(262_144);
  });

  test("a row that is longer than a page can be ends it; bytes that are no UTF-8 do not", async () => {
    const long = bytes("x".repeat(5_000_000));
    const page = await readRowPage({ start: 0, size: long.length, rows: 10 }, csv, async (from, to) =>
      long.subarray(from, to),
    );
    expect(page).toEqual({ rows: [], end: long.length });
    const latin = new Uint8Array([0x61, 0xe9, 0x0a, 0x62, 0x0a]);
    expect((await pagesOf(latin, 1, csv)).pages).toEqual([[["aé"]], [["b"]]]);
  });

  test("lines of JSON: empty ones are passed over, one that is none is told", () => {
    expect(readJsonLines('{"a":1}\n\n[2]\nx\n{"c', 10, false)).toEqual({ rows: [{ a: 1 }, [2], undefined], used: 15 });
    expect(readJsonLines("1\n2\n3", 2, true)).toEqual({ rows: [1, 2], used: 4 });
  });
});

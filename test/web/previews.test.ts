/** What files are shown as, and how tables are read. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv } from "../../src/web/previews/csv.ts";
import { previewOf } from "../../src/web/previews/kinds.ts";

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
      isCut: true,
    });
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

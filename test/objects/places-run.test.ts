import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Digest, digestToBytes, hashContent } from "../../src/digest/index.ts";
import { DigestFilter, filterLength } from "../../src/objects/digest-filter.ts";
import { Table, TableBuilder, type TablePlace } from "../../src/objects/index.ts";
import { PlacesRun, runNames, writeRun } from "../../src/objects/places-run.ts";
import { fileOfRow, mergeRows, placeOfRow, type RowCursor, TableCursor } from "../../src/objects/run-rows.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function digestOf(number: number): Digest {
  return hashContent(Buffer.from(`object ${number}`));
}

function bytesOf(number: number): Buffer {
  return Buffer.from(digestToBytes(digestOf(number)));
}

interface Row extends TablePlace {
  readonly digest: Digest;
}

function rowsOf(count: number, first = 0): Row[] {
  const rows = Array.from({ length: count }, (_, number) => ({
    digest: digestOf(first + number),
    offset: number * 1000 + 2 ** 33,
    length: number + 1,
    index: number % 4096,
    isDelta: number % 7 === 0,
  }));
  return rows.sort((left, right) => (left.digest < right.digest ? -1 : 1));
}

function tableOf(rows: readonly Row[]): Table {
  const builder = new TableBuilder();
  for (const { digest, ...place } of rows) builder.addObject(digest, place);
  return new Table(builder.finish());
}

/** A run of tables, one for each path. */
async function openRun(tables: { readonly [path: string]: readonly Row[] }): Promise<PlacesRun> {
  const cursors = Object.values(tables).map((rows, file) => new TableCursor(tableOf(rows), file));
  const rowCount = Object.values(tables).flat().length;
  const run = { paths: Object.keys(tables), rows: mergeRows(cursors), rowCount };
  const name = await writeRun(nodeFileSystem, folder, run, async () => {});
  return PlacesRun.open(nodeFileSystem, folder, name) as PlacesRun;
}

/** What rows say, in their order. */
function said(cursors: readonly RowCursor[]): unknown[] {
  return Array.from(mergeRows(cursors), (row) => ({
    digest: row.toString("hex", 0, 32),
    file: fileOfRow(row, 0),
    ...placeOfRow(row, 0),
  }));
}

test("a filter never denies a digest that was added", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 2000 }), (numbers) => {
      const filter = new DigestFilter(new Uint8Array(filterLength(numbers.length)));
      for (const number of numbers) filter.add(bytesOf(number), 0);
      expect(numbers.filter((number) => !filter.mayHave(bytesOf(number), 0))).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("a filter lets few absent digests through", () => {
  const count = 20_000;
  const filter = new DigestFilter(new Uint8Array(filterLength(count)));
  for (let number = 0; number < count; number++) filter.add(bytesOf(number), 0);
  let passed = 0;
  for (let number = count; number < 2 * count; number++) passed += Number(filter.mayHave(bytesOf(number), 0));
  expect(passed / count).toBeLessThan(0.02);
});

test.each([0, 1, 127, 128, 129, 5000])("a run of %i rows finds each of them and nothing else", async (count) => {
  const paths = ["packs/a.pack", "packs/b.pack", "journal/00000001.segment"];
  const all = rowsOf(count);
  const pathOf = (row: Row): string => paths[row.length % paths.length] as string;
  const run = await openRun(Object.fromEntries(paths.map((each) => [each, all.filter((row) => pathOf(row) === each)])));
  expect(run.paths).toEqual(paths);
  const numbers = [7, 8, 9];
  const inOrder = all.map((row) => ({ ...row, file: numbers[paths.indexOf(pathOf(row))] }));
  expect(said([run.cursor(numbers)])).toEqual(inOrder);
  for (const row of all) {
    const { digest, ...place } = row;
    expect(run.find(Buffer.from(digestToBytes(digest)))).toEqual({ ...place, path: pathOf(row) });
  }
  for (let number = 0; number < 500; number++) expect(run.find(bytesOf(-1 - number))).toBeUndefined();
  run.close();
});

test("merged, rows of tables and of runs come in order, and equal ones all", async () => {
  const parts = [rowsOf(300), rowsOf(1, 1000), [], rowsOf(700, 5000), rowsOf(20)];
  const runs = await openRun({ a: parts[0] as Row[], b: parts[3] as Row[] });
  const cursors = [runs.cursor([0, 3]), ...[1, 2, 4].map((at) => new TableCursor(tableOf(parts[at] as Row[]), at))];
  const all = parts.flatMap((rows, file) => rows.map(({ digest, ...place }) => ({ digest, file, ...place })));
  const byDigest = (left: Row, right: Row): number =>
    left.digest < right.digest ? -1 : Number(left.digest > right.digest);
  const merged = said(cursors) as Row[];
  expect(merged.map((row) => row.digest)).toEqual(all.sort(byDigest).map((row) => row.digest));
  expect(new Set(merged.map((row) => JSON.stringify(row)))).toEqual(new Set(all.map((row) => JSON.stringify(row))));
  runs.close();
});

test("rows of a run that are no longer what was written are found out when they are merged", async () => {
  const run = await openRun({ a: rowsOf(300) });
  const [name] = readdirSync(folder) as [string];
  const bytes = readFileSync(path.join(folder, name));
  for (const at of [64, 64 + 32, 64 + 299 * 48]) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] as number) ^ 0xff;
    writeFileSync(path.join(folder, name), altered);
    expect(() => said([run.cursor([0])]), `byte ${at}`).toThrow(expect.objectContaining({ code: "DAMAGED" }));
  }
  run.close();
});

test("a run that is cut or altered behind its rows is not opened", async () => {
  const run = await openRun({ a: rowsOf(300) });
  run.close();
  const [name] = readdirSync(folder) as [string];
  const whole = readFileSync(path.join(folder, name));
  for (const cut of [0, 10, 64, whole.length - 1]) {
    writeFileSync(path.join(folder, name), whole.subarray(0, cut));
    expect(PlacesRun.open(nodeFileSystem, folder, name)).toBeUndefined();
  }
  const altered = Buffer.from(whole);
  altered[whole.length - 5] = (altered[whole.length - 5] as number) ^ 1;
  writeFileSync(path.join(folder, name), altered);
  expect(PlacesRun.open(nodeFileSystem, folder, name)).toBeUndefined();
  expect(runNames(nodeFileSystem, folder)).toEqual([name]);
});

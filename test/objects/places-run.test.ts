import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { DigestFilter, filterLength } from "../../src/objects/digest-filter.ts";
import { mergeRows, type PlacedRow, PlacesRun, runNames, writeRun } from "../../src/objects/places-run.ts";
import { nodeFileSystem } from "../../src/platform/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function digestOf(number: number): Digest {
  return hashContent(Buffer.from(`object ${number}`));
}

function rowsOf(count: number, paths: readonly string[], first = 0): PlacedRow[] {
  const rows = Array.from({ length: count }, (_, number) => ({
    digest: digestOf(first + number),
    path: paths[number % paths.length] as string,
    offset: number * 1000 + 2 ** 33,
    length: number + 1,
    index: number % 65_536,
  }));
  return rows.sort((left, right) => (left.digest < right.digest ? -1 : 1));
}

async function openRun(paths: readonly string[], rows: readonly PlacedRow[]): Promise<PlacesRun> {
  const name = await writeRun(nodeFileSystem, folder, paths, rows, rows.length, async () => {});
  return PlacesRun.open(nodeFileSystem, folder, name) as PlacesRun;
}

test("a filter never denies a digest that was added", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 2000 }), (numbers) => {
      const filter = new DigestFilter(new Uint8Array(filterLength(numbers.length)));
      for (const number of numbers) filter.add(digestOf(number));
      expect(numbers.filter((number) => !filter.mayHave(digestOf(number)))).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("a filter lets few absent digests through", () => {
  const count = 20_000;
  const filter = new DigestFilter(new Uint8Array(filterLength(count)));
  for (let number = 0; number < count; number++) filter.add(digestOf(number));
  let passed = 0;
  for (let number = count; number < 2 * count; number++) passed += Number(filter.mayHave(digestOf(number)));
  expect(passed / count).toBeLessThan(0.02);
});

test.each([0, 1, 127, 128, 129, 5000])("a run of %i rows finds each of them and nothing else", async (count) => {
  const paths = ["packs/a.pack", "packs/b.pack", "journal/00000001.segment"];
  const rows = rowsOf(count, paths);
  const run = await openRun(paths, rows);
  expect(run.paths).toEqual(paths);
  expect([...run.rows()]).toEqual(rows);
  for (const row of rows) expect(run.find(row.digest)).toEqual(row);
  for (let number = 0; number < 500; number++) expect(run.find(digestOf(-1 - number))).toBeUndefined();
  run.close();
});

test("merged runs hold the rows of all, in order", async () => {
  const parts = [rowsOf(300, ["a"]), rowsOf(1, ["b"], 1000), rowsOf(0, ["c"]), rowsOf(700, ["d"], 5000)];
  const all = parts.flat().sort((left, right) => (left.digest < right.digest ? -1 : 1));
  expect([...mergeRows(parts)]).toEqual(all);
});

test("a run that is cut or altered behind its rows is not opened", async () => {
  const run = await openRun(["a"], rowsOf(300, ["a"]));
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

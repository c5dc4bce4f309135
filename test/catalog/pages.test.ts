/** Parts of long lists: what each page shows, and that pages put together are the list. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  applyEntry,
  artifactPage,
  Catalog,
  experimentPage,
  matchingNumbers,
  newestVersions,
  runPage,
  typeCounts,
  versionNumbers,
  versionSizes,
  versionsAbove,
} from "../../src/catalog/index.ts";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { type Change, JOURNAL_START } from "../../src/journal/index.ts";
import { EMPTY_MANIFEST, encodeRunRecord, encodeVersionRecord, runId, versionId } from "../../src/manifest/index.ts";

let catalog: Catalog;
let sequence: number;

beforeEach(() => {
  ({ catalog } = Catalog.open(":memory:"));
  sequence = 0;
  return () => catalog.close();
});

function idOf(text: string): Digest {
  return hashContent(new TextEncoder().encode(text));
}

function apply(changes: Change[]): void {
  const entry = { at: 0, by: "tester", packs: [], changes };
  applyEntry(catalog, entry, [], { ...JOURNAL_START, sequence: ++sequence });
}

function make(place: string, count: number, at = 0): Digest[] {
  const [team, experiment, type, name] = place.split("/") as [string, string, string, string];
  const artifact = idOf(place);
  const ids: Digest[] = [];
  const changes: Change[] = [{ change: "artifact", artifact, team, experiment, type, name }];
  for (let number = 1; number <= count; number++) {
    const record = encodeVersionRecord({
      artifact,
      manifest: EMPTY_MANIFEST,
      parents: [],
      createdAt: at + number,
      createdBy: "maker",
      run: undefined,
      message: number % 10 === 0 ? `every tenth, 100%_${number}` : "",
      metadata: {},
      nonce: new Uint8Array(16).fill(number % 256),
    });
    const version = versionId(record);
    ids.push(version);
    const sums = { entries: number, files: number, bytes: number * 100, newBytes: 100 };
    changes.push({ change: "version", artifact, version, number, record, ...sums });
  }
  apply(changes);
  return ids;
}

function begin(place: string, startedAt: number): void {
  const [team, experiment, name] = place.split("/") as [string, string, string];
  const nonce = new Uint8Array(16);
  const fields = { team, experiment, name, startedAt, startedBy: "maker", command: [], config: {}, nonce };
  const record = encodeRunRecord(fields);
  apply([{ change: "run", run: runId(record), record }]);
}

/** All items of a list, page by page. */
function whole<Row>(page: (at: { offset: number; limit: number }) => { rows: readonly Row[]; total: number }): Row[] {
  const rows: Row[] = [];
  for (;;) {
    const next = page({ offset: rows.length, limit: 3 });
    rows.push(...next.rows);
    if (next.rows.length === 0 || rows.length > next.total) {
      expect(rows).toHaveLength(next.total);
      return rows;
    }
  }
}

describe("experiments", () => {
  test("are those of artifacts and of runs, with what stands there", () => {
    make("b/pets/dataset/cats", 2, 50);
    make("b/pets/model/net", 1, 10);
    begin("b/pets/run-1", 40);
    begin("a/only-runs/run-1", 7);
    begin("a/only-runs/run-2", 9);
    apply([
      { change: "artifact", artifact: idOf("empty"), team: "c", experiment: "e", type: "t", name: "never uploaded" },
    ]);
    expect(whole((at) => experimentPage(catalog, {}, at))).toEqual([
      { team: "a", experiment: "only-runs", artifacts: 0, runs: 2, changedAt: 9 },
      { team: "b", experiment: "pets", artifacts: 2, runs: 1, changedAt: 52 },
      { team: "c", experiment: "e", artifacts: 1, runs: 0, changedAt: null },
    ]);
    expect(experimentPage(catalog, { team: "a" }, { offset: 0, limit: 9 })).toMatchObject({ total: 1 });
    expect(experimentPage(catalog, { text: "PET" }, { offset: 0, limit: 9 })).toMatchObject({ total: 1 });
  });
});

describe("artifacts", () => {
  test("come by type and name, with their counts", () => {
    const [first] = make("t/e/model/net", 3) as [Digest];
    make("t/e/dataset/cats", 1);
    make("t/other/dataset/cats", 1);
    apply([{ change: "remove", version: first }]);
    const found = whole((at) => artifactPage(catalog, { team: "t", experiment: "e" }, at));
    expect(found.map(({ type, name, versions, removed, latest }) => [type, name, versions, removed, latest])).toEqual([
      ["dataset", "cats", 1, 0, 1],
      ["model", "net", 2, 1, 3],
    ]);
    expect(typeCounts(catalog, { team: "t" })).toEqual([
      { type: "dataset", artifacts: 2 },
      { type: "model", artifacts: 1 },
    ]);
    expect(typeCounts(catalog, { text: "NE" })).toEqual([{ type: "model", artifacts: 1 }]);
  });

  test("are found by text as it is written: patterns are none", () => {
    make("t/e/dataset/a_b", 1);
    make("t/e/dataset/axb", 1);
    make("t/e/dataset/고양이", 1);
    const names = (text: string): string[] =>
      whole((at) => artifactPage(catalog, { text }, at)).map(({ name }) => name);
    expect(names("a_b")).toEqual(["a_b"]);
    expect(names("%")).toEqual([]);
    expect(names("양".normalize("NFD"))).toEqual(["고양이"]);
  });
});

describe("versions", () => {
  test("come newest first, removed ones when they are asked for", () => {
    const ids = make("t/e/dataset/cats", 8);
    apply([{ change: "remove", version: ids[4] as Digest }]);
    const { row } = catalog.artifacts()[0] as { row: number };
    const numbers = (removed: boolean): number[] => whole((at) => versionNumbers(catalog, row, { removed }, at));
    expect(numbers(false)).toEqual([8, 7, 6, 4, 3, 2, 1]);
    expect(numbers(true)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect([8, 4, 0].map((number) => versionsAbove(catalog, row, { removed: false }, number))).toEqual([0, 3, 7]);
    expect([8, 4, 0].map((number) => versionsAbove(catalog, row, { removed: true }, number))).toEqual([0, 4, 8]);
  });

  test("are found by number, tag and message", () => {
    const ids = make("t/e/dataset/cats", 30);
    const { row, artifact } = catalog.artifacts()[0] as { row: number; artifact: Digest };
    apply([{ change: "tag", artifact, tag: "prod", version: ids[6] as Digest, before: null }]);
    apply([{ change: "remove", version: ids[19] as Digest }]);
    const found = (text: string, range = { below: 31, span: 31 }, removed = false): number[] =>
      matchingNumbers(catalog, row, { text, removed }, range);
    expect(found("v12")).toEqual([12]);
    expect(found("PROD")).toEqual([7]);
    expect(found("tenth")).toEqual([30, 10]);
    expect(found("tenth", { below: 31, span: 31 }, true)).toEqual([30, 20, 10]);
    expect(found("tenth", { below: 30, span: 10 }, true)).toEqual([20]);
    expect(found("100%_")).toEqual([30, 10]);
    expect(found("0%%")).toEqual([]);
  });

  test("have sizes for charts, in their order", () => {
    const ids = make("t/e/dataset/cats", 5, 100);
    apply([{ change: "remove", version: ids[1] as Digest }]);
    const { row } = catalog.artifacts()[0] as { row: number };
    expect(versionSizes(catalog, row, 2, 2)).toEqual([
      { number: 3, createdAt: 103, files: 3, bytes: 300, newBytes: 100 },
      { number: 4, createdAt: 104, files: 4, bytes: 400, newBytes: 100 },
    ]);
  });

  test("of all artifacts come by time", () => {
    make("t/e/dataset/cats", 2, 10);
    const [dog] = make("t/e/dataset/dogs", 1, 20) as [Digest];
    expect(newestVersions(catalog, 2).map((row) => row.number)).toEqual([1, 2]);
    expect(newestVersions(catalog, 2)[0]?.version).toBe(dog);
  });
});

describe("runs", () => {
  test("come newest first, of an experiment or of all", () => {
    for (let at = 1; at <= 7; at++) begin(`t/e/run-${at}`, at);
    begin("t/other/run-1", 3);
    const names = (filter: object): string[] =>
      whole((at) => runPage(catalog, filter, at)).map(({ experiment, name }) => `${experiment} ${name}`);
    expect(names({ team: "t", experiment: "e" })).toEqual([7, 6, 5, 4, 3, 2, 1].map((at) => `e run-${at}`));
    expect(names({ text: "RUN-1" })).toEqual(["other run-1", "e run-1"]);
    expect(names({ team: "nobody" })).toEqual([]);
  });
});

/** What entries of the journal say of runs, and what the catalog answers of them. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  applyEntry,
  Catalog,
  isLinked,
  linksOfRun,
  linksOfVersion,
  runById,
  runCount,
  runs,
  runsByIdStart,
} from "../../src/catalog/index.ts";
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { type Change, JOURNAL_START, type RunStarted } from "../../src/journal/index.ts";
import { EMPTY_MANIFEST, encodeRunRecord, encodeVersionRecord, runId, versionId } from "../../src/manifest/index.ts";

function idOf(text: string): Digest {
  return hashContent(new TextEncoder().encode(text));
}

function runOf(name: string, startedAt: number, experiment = "e"): RunStarted {
  const nonce = new Uint8Array(16);
  const record = encodeRunRecord({
    team: "t",
    experiment,
    name,
    startedAt,
    startedBy: "maker",
    command: [],
    config: { name },
    nonce,
  });
  return { change: "run", run: runId(record), record };
}

function versionBy(run: Digest | undefined): { changes: Change[]; version: Digest } {
  const artifact = idOf("artifact");
  const record = encodeVersionRecord({
    artifact,
    manifest: EMPTY_MANIFEST,
    parents: [],
    createdAt: 1,
    createdBy: "maker",
    run,
    message: "",
    metadata: {},
    nonce: new Uint8Array(16),
  });
  const version = versionId(record);
  const sums = { entries: 0, files: 0, bytes: 0, newBytes: 0 };
  const changes: Change[] = [
    { change: "artifact", artifact, team: "t", experiment: "e", type: "dataset", name: "a" },
    { change: "version", artifact, version, number: 1, record, ...sums },
  ];
  return { changes, version };
}

let catalog: Catalog;
let sequence: number;

beforeEach(() => {
  catalog = Catalog.open(":memory:").catalog;
  sequence = 0;
});

function apply(...changes: readonly Change[]): void {
  const position = { ...JOURNAL_START, sequence: ++sequence };
  applyEntry(catalog, { at: 1, by: "maker", packs: [], changes }, [], position);
}

describe("a run", () => {
  test("is there once it began, with its record and its config", () => {
    const run = runOf("sable-life-1", 7);
    apply(run);
    apply(run);
    expect(runById(catalog, run.run)).toEqual({
      run: run.run,
      team: "t",
      experiment: "e",
      name: "sable-life-1",
      record: Buffer.from(run.record),
      config: { name: "sable-life-1" },
      state: null,
      endedAt: null,
      exitCode: null,
      signal: null,
    });
    expect(runCount(catalog, "t", "e")).toBe(1);
    expect(runById(catalog, idOf("another"))).toBeUndefined();
  });

  test("has the config and the end that were said last", () => {
    const run = runOf("r", 1);
    apply(run, { change: "config", run: run.run, config: '{"lr":0.1}' });
    apply({ change: "ended", run: run.run, at: 5, state: "finished", exitCode: null, signal: null });
    apply({ change: "ended", run: run.run, at: 2 ** 41, state: "killed", exitCode: 143, signal: "SIGTERM" });
    expect(runById(catalog, run.run)).toMatchObject({
      config: { lr: 0.1 },
      state: "killed",
      endedAt: 2 ** 41,
      exitCode: 143,
      signal: "SIGTERM",
    });
  });

  test("whose id is not that of its record is refused", () => {
    const damaged = expect.objectContaining({ code: "DAMAGED" });
    expect(() => apply({ ...runOf("r", 1), run: idOf("other") })).toThrow(damaged);
    expect(() => apply({ ...runOf("r", 1), record: new Uint8Array(3) })).toThrow(damaged);
  });
});

describe("runs are listed", () => {
  test("newest first, page by page, also where many began in one moment", () => {
    const all = Array.from({ length: 25 }, (_, at) => runOf(`r${at}`, at < 15 ? 100 : at));
    apply(...all);
    apply(runOf("elsewhere", 200, "other"));
    const whole = runs(catalog, { team: "t", experiment: "e" });
    expect(whole).toHaveLength(25);
    expect(whole.slice(0, 15).every(({ name }) => Number(name.slice(1)) < 15)).toBe(true);
    expect(whole.slice(15).map(({ name }) => name)).toEqual(Array.from({ length: 10 }, (_, at) => `r${24 - at}`));
    for (const limit of [1, 4, 25, 30]) {
      const paged = [];
      for (let after: Digest | undefined; ; ) {
        const page = runs(catalog, { experiment: "e" }, { limit, ...(after && { after }) });
        if (page.length === 0) break;
        expect(page.length).toBeLessThanOrEqual(limit);
        paged.push(...page);
        after = page.at(-1)?.run;
      }
      expect(paged).toEqual(whole);
    }
    expect(runs(catalog).map(({ name }) => name)[0]).toBe("elsewhere");
    expect(runs(catalog, { name: "r7" })).toHaveLength(1);
  });

  test("by the beginning of an id, so that one that is not unique shows as two", () => {
    const all = Array.from({ length: 40 }, (_, at) => runOf(`r${at}`, at));
    apply(...all);
    for (const { run } of all) expect(runsByIdStart(catalog, run.slice(0, 12)).map((row) => row.run)).toEqual([run]);
    expect(runsByIdStart(catalog, "")).toHaveLength(2);
    expect(runsByIdStart(catalog, idOf("none"))).toEqual([]);
  });
});

describe("lineage", () => {
  test("comes from records of versions, from what runs came to, and from what they used", () => {
    const [maker, too, user] = [runOf("maker", 1), runOf("too", 2), runOf("user", 3)];
    const { changes, version } = versionBy(maker.run);
    apply(maker, too, user);
    apply(...changes);
    apply({ change: "made", run: too.run, version }, { change: "used", run: user.run, version });
    // Once more: no effect.
    apply({ change: "made", run: maker.run, version }, { change: "used", run: user.run, version });
    const made = linksOfVersion(catalog, version, "made", { limit: 10 });
    expect(made.map(({ run }) => run)).toEqual([too.run, maker.run]);
    expect(linksOfVersion(catalog, version, "used", { limit: 10 }).map(({ run }) => run)).toEqual([user.run]);
    expect(linksOfRun(catalog, user.run, "used", { limit: 10 }).map((link) => link.version)).toEqual([version]);
    expect(linksOfRun(catalog, user.run, "made", { limit: 10 })).toEqual([]);
    expect(isLinked(catalog, "made", too.run, version)).toBe(true);
    expect(isLinked(catalog, "used", too.run, version)).toBe(false);
  });

  test("of what is not known here counts by ids", () => {
    const [run, version] = [idOf("a run"), idOf("a version")];
    apply(
      { change: "used", run, version },
      { change: "ended", run, at: 1, state: "failed", exitCode: 1, signal: null },
    );
    expect(linksOfRun(catalog, run, "used", { limit: 1 }).map((link) => link.version)).toEqual([version]);
    expect(runById(catalog, run)).toBeUndefined();
  });

  test("is told page by page: what used a version newest first, what a run used in order", () => {
    const version = idOf("version");
    const ids = Array.from({ length: 11 }, (_, at) => idOf(`run ${at}`));
    for (const run of ids) apply({ change: "used", run, version });
    const found: Digest[] = [];
    for (let after: number | undefined; ; ) {
      const page = linksOfVersion(catalog, version, "used", { after, limit: 4 });
      if (page.length === 0) break;
      found.push(...page.map(({ run }) => run));
      after = page.at(-1)?.row;
    }
    expect(found).toEqual([...ids].reverse());
    const run = idOf("one run");
    for (const each of ids) apply({ change: "used", run, version: each });
    const [first, second] = linksOfRun(catalog, run, "used", { limit: 2 });
    const rest = linksOfRun(catalog, run, "used", { after: second?.row, limit: 20 });
    expect([first, second, ...rest].map((link) => link?.version)).toEqual(ids);
  });
});

test("whatever is asked of runs and lineage goes by an index and sorts nothing", () => {
  const asked = vi.spyOn(catalog, "statement");
  const [run, version] = [idOf("run"), idOf("version")];
  runById(catalog, run);
  runsByIdStart(catalog, "00");
  runs(catalog, {}, { limit: 1, after: run });
  runs(catalog, { team: "t", experiment: "e" }, { limit: 1, after: run });
  runCount(catalog, "t", "e");
  isLinked(catalog, "used", run, version);
  linksOfVersion(catalog, version, "used", { limit: 1 });
  linksOfRun(catalog, run, "made", { limit: 1 });
  expect(asked).toHaveBeenCalledTimes(8);
  for (const [sql] of asked.mock.calls) {
    const explained = `EXPLAIN QUERY PLAN ${sql.replace(/[?]|@\w+/g, "1")}`;
    const steps = (catalog.database.prepare(explained).all() as { detail: string }[]).map(({ detail }) => detail);
    for (const step of steps) expect(step, sql).toMatch(/USING (COVERING )?INDEX|SUBQUERY/);
  }
});

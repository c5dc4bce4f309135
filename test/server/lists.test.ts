/** Lists of the data API: pages put together are the whole, whatever is asked for, and a page costs a page. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApiError, EntryItem, FolderPage } from "../../src/client/index.ts";
import type { Store } from "../../src/index.ts";
import { type ServedStore, servedStore } from "../support/apps.ts";
import { all, uploadFiles } from "../support/stores.ts";

const artifact = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample" };
const version = { ...artifact, version: "V1" };

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: ApiError) => `${error.status} ${error.code}`,
  );
}

/** Makes versions with little in them. */
async function makeVersions(store: Store, count: number): Promise<void> {
  await using draft = await store.artifact({ name: "sample", type: "dataset" });
  for (let number = 1; number <= count; number++) {
    await draft.add(Buffer.from(String(number)), { as: "n" });
    await draft.upload({ message: number % 10 === 0 ? "tenth" : `m${number}` });
  }
}

describe("experiments, runs and artifacts", () => {
  test("are listed by name, and each by itself", async () => {
    const { store, client } = await servedStore();
    await uploadFiles(store, { a: "1" });
    await uploadFiles(store, { a: "2" });
    const kept = await uploadFiles(store, { a: "1" }, "other");
    await kept.tag("prod");
    await kept.remove();
    const run = await store.startRun({ team: "팀", experiment: "e", name: "r1", config: { lr: 0.1 } });
    await (await run.getArtifact({ name: "sample", team: "local", experiment: "uncategorized" })).read("a");
    const draft = await run.artifact({ name: "m", type: "model" });
    await draft.add(Buffer.from("m"), { as: "m" });
    await draft.upload();
    await run.finish({ exitCode: 3 });
    const api = client();
    const experiments = await api.call("experiments");
    expect(experiments).toMatchObject({ offset: 0, total: 2 });
    expect(
      experiments.items.map(({ team, experiment, artifacts, runs }) => [team, experiment, artifacts, runs]),
    ).toEqual([
      ["local", "uncategorized", 2, 0],
      ["팀", "e", 1, 1],
    ]);
    expect(await api.call("experiment", { params: { team: "팀", experiment: "e" } })).toEqual(experiments.items[1]);
    expect((await api.call("experiments", { query: { text: "unc", limit: 1 } })).items).toHaveLength(1);
    const artifacts = await api.call("artifacts", { query: { team: "local" } });
    expect(artifacts.items.map(({ name, versions, removed, latest }) => [name, versions, removed, latest])).toEqual([
      ["other", 0, 1, null],
      ["sample", 2, 0, "V2"],
    ]);
    expect(artifacts.types).toEqual([{ type: "dataset", artifacts: 2 }]);
    expect((await api.call("artifacts", { query: { type: "model" } })).types).toHaveLength(2);
    const other = await api.call("artifact", { params: { ...artifact, name: "other" } });
    expect(other).toMatchObject({ ...artifacts.items[0], tags: [] });
    const seen = await api.call("run", { params: { team: "팀", experiment: "e", run: "r1" } });
    expect(seen).toMatchObject({ id: run.id, state: "failed", exitCode: 3, config: { lr: 0.1 }, startedBy: "tester" });
    const params = { team: "팀", experiment: "e", run: `r1@${run.id.slice(0, 12)}` };
    expect(await api.call("run", { params })).toEqual(seen);
    expect((await api.call("runs", { query: { experiment: "e" } })).items).toEqual([seen]);
    const used = await api.call("runVersions", { params, query: { link: "used" } });
    expect(used).toMatchObject({ items: [{ name: "sample", version: "V2" }], next: null });
    const made = await api.call("runVersions", { params, query: { link: "made", limit: 1 } });
    expect(made.items).toMatchObject([{ name: "m", version: "V1", team: "팀" }]);
    const lineage = await api.call("runLineage", { params });
    expect(lineage.nodes.map(({ kind, run, version }) => `${kind} ${run?.name ?? version?.name}`)).toEqual([
      "run r1",
      "version sample",
      "version m",
    ]);
    expect(lineage.links).toHaveLength(2);
    const about = { ...artifact, team: "팀", experiment: "e", type: "model", name: "m", version: "latest" };
    expect(await api.call("version", { params: about })).toMatchObject({ madeBy: [seen], usedBy: [], parent: null });
    expect(await api.call("lineage", { params: about, query: { direction: "back", steps: 1 } })).toMatchObject({
      nodes: [{ kind: "version", version: { name: "m" } }, { kind: "run" }],
    });
  });

  test("what is not there is not found", async () => {
    const { client } = await servedStore();
    const api = client();
    expect(await codeOf(api.call("experiment", { params: { team: "a", experiment: "b" } }))).toBe("404 NOT_FOUND");
    expect(await codeOf(api.call("artifact", { params: artifact }))).toBe("404 NOT_FOUND");
    expect(await codeOf(api.call("version", { params: version }))).toBe("404 NOT_FOUND");
    expect(await codeOf(api.call("run", { params: { team: "a", experiment: "b", run: "c" } }))).toBe("404 NOT_FOUND");
    expect(await codeOf(api.call("runs", { query: { limit: 1001 } }))).toBe("400 USAGE");
  });
});

describe("versions", () => {
  test("come newest first, in pages, entered at any of them, and are found by text", async () => {
    const { store, client } = await servedStore();
    await makeVersions(store, 34);
    await (await store.resolve("sample:V7")).tag("prod");
    await (await store.resolve("sample:V20")).remove();
    const api = client();
    const numbers = async (query: object): Promise<{ numbers: number[]; offset: number; total: number }> => {
      const { items, offset, total } = await api.call("versions", { params: artifact, query });
      return { numbers: items.map(({ number }) => number), offset, total };
    };
    const living = Array.from({ length: 34 }, (_, at) => 34 - at).filter((number) => number !== 20);
    for (let offset = 0; offset < 40; offset += 7) {
      expect(await numbers({ offset, limit: 7 })).toEqual({
        numbers: living.slice(offset, offset + 7),
        offset,
        total: 33,
      });
    }
    for (const at of living) {
      const page = await numbers({ at: `V${at}`, limit: 7 });
      expect(page.numbers).toContain(at);
      expect(page.numbers).toEqual(living.slice(page.offset, page.offset + 7));
      expect(page.offset % 7).toBe(0);
    }
    expect((await numbers({ removed: true })).numbers).toContain(20);
    expect(await numbers({ text: "tenth" })).toEqual({ numbers: [30, 10], offset: 0, total: 2 });
    expect(await numbers({ text: "tenth", removed: true, offset: 1 })).toEqual({
      numbers: [20, 10],
      offset: 1,
      total: 3,
    });
    expect((await numbers({ text: "PROD" })).numbers).toEqual([7]);
    expect(await numbers({ text: "V1", at: "V10", limit: 3 })).toEqual({ numbers: [10, 1], offset: 9, total: 11 });
    expect(await codeOf(numbers({ at: "V99" }))).toBe("404 NOT_FOUND");
    const { items } = await api.call("versions", { params: artifact, query: { text: "v7" } });
    expect(items).toMatchObject([{ version: "V7", tags: ["prod"], isLatest: false, message: "m7", removed: false }]);
  });

  test("have all that is known of them, by number, tag and id, removed or not", async () => {
    const { store, client } = await servedStore();
    await makeVersions(store, 3);
    const second = await store.resolve("sample:V2");
    await second.annotate({ metadata: { "": [1, { ["__proto__"]: 2 }] } as never });
    await second.tag("prod");
    const api = client();
    const seen = await api.call("version", { params: { ...artifact, version: "prod" } });
    expect(seen).toMatchObject({
      id: second.id,
      ref: "local/uncategorized/sample:V2",
      version: "V2",
      parent: "V1",
      sameAs: [],
      entries: 1,
      tags: ["prod"],
      isLatest: false,
    });
    expect(JSON.stringify(seen.metadata)).toBe('{"":[1,{"__proto__":2}]}');
    for (const name of ["v2", second.id]) {
      expect(await api.call("version", { params: { ...artifact, version: name } })).toEqual(seen);
    }
    await second.remove();
    expect(await codeOf(api.call("version", { params: { ...artifact, version: "prod" } }))).toBe("404 NOT_FOUND");
    expect(await api.call("version", { params: { ...artifact, version: "V2" } })).toMatchObject({ removed: true });
    expect(await api.call("version", { params: { ...artifact, version: "latest" } })).toMatchObject({ version: "V3" });
    expect(await codeOf(api.call("version", { params: { ...artifact, version: "ab".repeat(32) } }))).toBe(
      "404 NOT_FOUND",
    );
  });

  test("as a chart, in their order", async () => {
    const { store, client } = await servedStore();
    await makeVersions(store, 5);
    await (await store.resolve("sample:V2")).remove();
    const points = async (after?: string): Promise<{ numbers: number[]; next: string | null }> => {
      const query = { limit: 2, ...(after !== undefined && { after }) };
      const { items, next } = await client().call("chart", { params: artifact, query });
      for (const { bytes, newBytes, sharedBytes } of items) expect(newBytes + sharedBytes).toBe(bytes);
      return { numbers: items.map(({ number }) => number), next };
    };
    expect(await points()).toEqual({ numbers: [1, 3], next: "3" });
    expect(await points("3")).toEqual({ numbers: [4, 5], next: "5" });
    expect(await points("5")).toEqual({ numbers: [], next: null });
  });
});

describe("folders of a version", () => {
  /** Some names of a folder, some of them folders. */
  const names = fc.uniqueArray(
    fc.stringMatching(/^[a-c가.]{1,4}$/).filter((name) => !/^\.\.?$/.test(name)),
    {
      minLength: 1,
      maxLength: 60,
    },
  );

  async function whole(around: ServedStore, folder: string, limit: number): Promise<EntryItem[]> {
    const items: EntryItem[] = [];
    for (let offset = 0; ; offset += limit) {
      const page: FolderPage = await around
        .client()
        .call("entries", { params: version, query: { folder, offset, limit } });
      expect(page.offset).toBe(offset);
      items.push(...page.items);
      if (!page.more) {
        expect(page.total).toBe(items.length);
        return items;
      }
      expect(page.items).toHaveLength(limit);
    }
  }

  test("pages together are the folder, and each can be entered by itself", async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 1, max: 9 }), async (given, limit) => {
        const around = await servedStore();
        const files = Object.fromEntries(given.map((name, at) => [at % 3 === 0 ? `in/${name}/x` : `in/${name}`, name]));
        const made = await uploadFiles(around.store, files);
        const expected = await all(made.list("in"));
        expect(await whole(around, "in", limit)).toEqual(expected);
        const offset = Math.floor(expected.length / 2);
        const page = await around
          .client()
          .call("entries", { params: version, query: { folder: "/in/", offset, limit } });
        expect(page).toMatchObject({
          folder: "in",
          items: expected.slice(offset, offset + limit),
          total: expected.length,
        });
        for (const [index, { path }] of expected.entries()) {
          const found = await around.client().call("entries", { params: version, query: { folder: "in", at: path } });
          expect([found.offset, found.items[0]?.path]).toEqual([index, path]);
        }
        await around.app.close();
      }),
      { numRuns: 15 },
    );
  });

  test("a long one is entered anywhere: beyond the first thousand names too", async () => {
    const around = await servedStore();
    const name = (at: number): string => `d/${String(at).padStart(5, "0")}`;
    await using draft = await around.store.artifact({ name: "sample", type: "dataset" });
    for (let at = 0; at < 2600; at++)
      await draft.add(Buffer.from(""), { as: at % 2 === 0 ? name(at) : `${name(at)}/x` });
    await draft.upload();
    const api = around.client();
    const first = await api.call("entries", { params: version, query: { folder: "d", limit: 10 } });
    expect(first).toMatchObject({ total: null, more: true, offset: 0 });
    const counted = await api.call("entries", { params: version, query: { folder: "d", limit: 10, count: true } });
    expect(counted).toEqual({ ...first, total: 2600 });
    for (const offset of [0, 1, 999, 1000, 1001, 1995, 2590, 2599]) {
      const { items, more, total } = await api.call("entries", {
        params: version,
        query: { folder: "d", offset, limit: 10 },
      });
      const expected = Array.from({ length: Math.min(10, 2600 - offset) }, (_, at) => name(offset + at));
      expect(items.map(({ path }) => path)).toEqual(expected);
      expect([more, total]).toEqual([offset + 10 < 2600, 2600]);
    }
    for (const index of [0, 1, 999, 1000, 2001, 2599]) {
      const found = await api.call("entries", { params: version, query: { folder: "d", at: name(index), limit: 1 } });
      expect(found).toMatchObject({ offset: index, items: [{ path: name(index) }] });
    }
    for (const at of ["c", "d/00000x", "d/x", "e"]) {
      expect(await codeOf(api.call("entries", { params: version, query: { folder: "d", at } }))).toBe("404 NOT_FOUND");
    }
    const beyond = await api.call("entries", { params: version, query: { folder: "d", offset: 5000 } });
    expect(beyond).toMatchObject({ items: [], total: 2600, more: false });
  });

  test("what is not there is no folder; a file is listed as itself", async () => {
    const { store, client } = await servedStore();
    await uploadFiles(store, { "d/a": "1" });
    const list = (folder: string): Promise<FolderPage> =>
      client().call("entries", { params: version, query: { folder } });
    expect(await codeOf(list("e"))).toBe("404 NOT_FOUND");
    expect(await list("d/a")).toMatchObject({ items: [{ path: "d/a", kind: "file" }], total: 1 });
    expect(await list("")).toMatchObject({ items: [{ path: "d", kind: "folder", files: 1, size: 1 }] });
  });

  test("files are found by glob, or by part of the path, from where the last answer ended", async () => {
    const { store, client } = await servedStore();
    const made = await uploadFiles(store, {
      "a/1.csv": "",
      "a/2.txt": "",
      "b/CAT.csv": "",
      "b/c/3.csv": "",
      "csv/x": "",
    });
    const find = async (query: { glob: string; folder?: string; limit?: number }): Promise<string[]> => {
      const found: string[] = [];
      for (let after: string | undefined; ; ) {
        const { items, next } = await client().call("find", {
          params: version,
          query: { ...query, ...(after !== undefined && { after }) },
        });
        found.push(...items.map(({ path }) => path));
        if (next === null) return found;
        after = next;
      }
    };
    for (const limit of [1, 2, 100]) {
      expect(await find({ glob: "*.csv", limit })).toEqual(["a/1.csv", "b/CAT.csv", "b/c/3.csv"]);
      expect(await find({ glob: "**/*", limit })).toEqual((await all(made.entries())).map(({ path }) => path));
    }
    expect(await find({ glob: "csv" })).toEqual(["a/1.csv", "b/CAT.csv", "b/c/3.csv", "csv/x"]);
    expect(await find({ glob: "cat" })).toEqual(["b/CAT.csv"]);
    expect(await find({ glob: "*.csv", folder: "b" })).toEqual(["b/CAT.csv", "b/c/3.csv"]);
  });
});

test("a glob that would hold the server up for hostile names is refused", async () => {
  const { store, client } = await servedStore();
  await uploadFiles(store, { ["a".repeat(250)]: "" });
  const find = (glob: string): Promise<string> => codeOf(client().call("find", { params: version, query: { glob } }));
  for (const glob of ["*a*a*a*b", "{a,aa}{a,aa}{a,aa}b", "+(a|aa)b", `${"*/".repeat(9)}b`, "x".repeat(1025)]) {
    expect(await find(glob), glob).toBe("400 USAGE");
  }
  for (const glob of ["*a*a*b", "**/*.{csv,txt}", "data/**/[0-9]*.csv", "a(1)"])
    expect(await find(glob), glob).toBe("none");
});

describe("differences", () => {
  test("come in pages, to a version of the same artifact or of another", async () => {
    const { store, client } = await servedStore();
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`f${String(at).padStart(2, "0")}`, `${at}`]),
    );
    const before = await uploadFiles(store, files);
    const { f00: _, ...rest } = files;
    const after = await uploadFiles(store, { ...rest, f10: "other", f39: "changed", new: "n" });
    const other = await uploadFiles(store, { new: "n" }, "other");
    const api = client();
    const expected = (await all(before.diff(after))).map(({ path, kind }) => `${kind} ${path}`);
    expect(expected).toEqual(["removed f00", "modified f10", "modified f39", "added new"]);
    for (const limit of [1, 2, 3, 4, 5]) {
      const got: string[] = [];
      for (let from: string | undefined; ; ) {
        const query = { from: "V1", limit, ...(from !== undefined && { after: from }) };
        const piece = await api.call("diff", { params: { ...artifact, version: "V2" }, query });
        expect([piece.from.version, piece.to.version]).toEqual(["V1", "V2"]);
        got.push(...piece.items.map(({ path, kind }) => `${kind} ${path}`));
        if (piece.next === null) break;
        from = piece.next;
      }
      expect(got).toEqual(expected);
    }
    const removed = await api.call("diff", { params: { ...artifact, version: "V2" }, query: { from: "V1", limit: 1 } });
    expect(removed.items).toMatchObject([{ path: "f00", before: { kind: "file", size: 1 }, after: null }]);
    expect(await api.call("diffSummary", { params: { ...artifact, version: "V2" }, query: { from: "V1" } })).toEqual({
      added: 1,
      modified: 2,
      removed: 1,
      bytesBefore: 5,
      bytesAfter: 13,
      isWhole: true,
    });
    const far = await api.call("diff", { params: { ...artifact, version: "V2" }, query: { from: other.id } });
    expect(far.from).toMatchObject({ name: "other", version: "V1" });
    expect(far.items).toHaveLength(39);
    expect(await codeOf(api.call("diff", { params: version, query: { from: "V9" } }))).toBe("404 NOT_FOUND");
  });

  test("a version of a team that the login does not see is not there", async () => {
    const { store, client, token } = await servedStore();
    await uploadFiles(store, { a: "1" });
    const hidden = await store.artifact({ team: "others", name: "sample", type: "dataset" });
    await hidden.add(Buffer.from("2"), { as: "a" });
    const { id } = await hidden.upload();
    const api = client(await token({ team: "local" }));
    expect(await codeOf(api.call("diff", { params: version, query: { from: id as string } }))).toBe("404 NOT_FOUND");
    expect(await codeOf(api.call("version", { params: { ...version, version: id as string } }))).toBe("404 NOT_FOUND");
    expect((await api.call("experiments")).items).toMatchObject([{ team: "local" }]);
    expect((await api.call("artifacts", { query: { team: "others" } })).items).toEqual([]);
    expect((await api.call("log")).items.flatMap(({ changes }) => changes.map((each) => each.artifact?.team))).toEqual([
      "local",
      "local",
    ]);
  });
});

/** Two drafts of one artifact at once, through two handles as two processes have them. */
import { beforeEach, expect, test } from "vitest";
import type { Artifact, Store, UploadOptions } from "../../src/index.ts";
import { all, openScratch, scratch, textsOf, uploadFiles, writeFiles } from "../support/stores.ts";

let store: Store;
let other: Store;

beforeEach(async () => {
  const folder = scratch();
  store = await openScratch(folder);
  other = await openScratch(folder);
});

type Content = { readonly [path: string]: string | null };

/** Puts texts into a draft; null takes out, and a slash at the end makes an empty folder. */
async function change(draft: Artifact, content: Content): Promise<void> {
  for (const [as, text] of Object.entries(content)) {
    if (text === null) await draft.remove(as);
    else if (as.endsWith("/")) await draft.add(writeFiles(scratch(), { [as]: "" }));
    else await draft.add(Buffer.from(text), { as });
  }
}

async function draftOf(from: Store): Promise<Artifact> {
  const draft = await from.artifact({ name: "sample", type: "dataset" });
  await all(draft.entries());
  return draft;
}

/** Begins two drafts on the newest version, uploads theirs, then ours. */
async function race(base: Content, theirs: Content, ours: Content, options: UploadOptions = {}) {
  if (Object.keys(base).length > 0) await uploadFiles(store, base as { [path: string]: string });
  await using mine = await draftOf(store);
  await using hers = await draftOf(other);
  await change(hers, theirs);
  await change(mine, ours);
  const before = await hers.upload({ message: "theirs" });
  const result = await mine.upload(options);
  return { before, result };
}

async function newest(): Promise<{ [path: string]: string }> {
  const version = await store.resolve("sample");
  const texts = await textsOf(version);
  for await (const entry of version.entries()) if (entry.kind === "folder") texts[`${entry.path}/`] = "";
  return texts;
}

test("changes of different paths both survive, and the result names what it was merged with", async () => {
  const base = { same: "0", "to/change": "0", "to/go": "0" };
  const { before, result } = await race(base, { "to/change": "theirs" }, { "to/go": null, fresh: "ours" });
  expect(before).toMatchObject({ version: "V2", mergedWith: null });
  expect(result).toMatchObject({ version: "V3", changed: true, mergedWith: "V2", added: 1, modified: 0, removed: 1 });
  expect(await newest()).toEqual({ same: "0", "to/change": "theirs", fresh: "ours" });
  const v3 = await store.resolve("sample:V3");
  expect([v3.parent, v3.parents]).toEqual(["V2", [before.id]]);
  expect(await textsOf(await store.resolve("sample:V2"))).toEqual({ same: "0", "to/change": "theirs", "to/go": "0" });
});

test("two first uploads of one name become V1 and V2 of one artifact", async () => {
  const { before, result } = await race({}, { a: "theirs" }, { b: "ours" });
  expect([before.version, result.version, result.mergedWith]).toEqual(["V1", "V2", "V1"]);
  expect(await newest()).toEqual({ a: "theirs", b: "ours" });
  expect(await all(store.artifacts())).toHaveLength(1);
});

test("equal results are no conflict, and make no version", async () => {
  const changes = { changed: "1", gone: null, fresh: "1" };
  const { before, result } = await race({ changed: "0", gone: "0" }, changes, changes);
  expect(result).toMatchObject({ version: "V2", id: before.id, changed: false, writtenBytes: 0 });
});

test.each([
  ["both changed", { x: "0" }, { x: "theirs" }, { x: "ours" }],
  ["both made", {}, { x: "theirs" }, { x: "ours" }],
  ["they took it out", { x: "0" }, { x: null }, { x: "ours" }],
  ["we took it out", { x: "0" }, { x: "theirs" }, { x: null }],
])("a path that %s is a conflict, unless it is said who wins", async (_, base, theirs, ours) => {
  const all_ = { ...base, kept: "0" };
  const conflict = { code: "CONFLICT", happened: "no", info: { paths: ["x"] } };
  await expect(race(all_, theirs, { ...ours, mine: "1" })).rejects.toMatchObject(conflict);
  const after = (change_: Content): Content => (change_["x"] === null ? {} : change_);
  expect(await newest()).toEqual({ ...after(theirs), kept: "0" });
  await uploadFiles(store, all_ as { [path: string]: string });
  await race({}, theirs, { ...ours, mine: "1" }, { onConflict: "ours" });
  expect(await newest()).toEqual({ ...after(ours), kept: "0", mine: "1" });
  await uploadFiles(store, all_ as { [path: string]: string });
  await race({}, theirs, { ...ours, mine: "1" }, { onConflict: "theirs" });
  expect(await newest()).toEqual({ ...after(theirs), kept: "0", mine: "1" });
});

test("after a conflict the draft is as it was, and can be uploaded with a winner", async () => {
  await uploadFiles(store, { x: "0" });
  await using mine = await draftOf(store);
  await mine.add(Buffer.from("ours"), { as: "x" });
  await mine.add(Buffer.from("ours"), { as: "y" });
  await uploadFiles(other, { x: "theirs", z: "theirs" });
  await expect(mine.upload()).rejects.toMatchObject({ code: "CONFLICT" });
  await expect(mine.upload()).rejects.toMatchObject({ code: "CONFLICT" });
  expect((await all(mine.entries())).map((entry) => entry.path)).toEqual(["x", "y"]);
  expect(await mine.upload({ onConflict: "ours" })).toMatchObject({ version: "V3", mergedWith: "V2" });
  expect(await newest()).toEqual({ x: "ours", y: "ours", z: "theirs" });
});

test.each([
  [{ a: "theirs" }, { "a/b": "ours" }],
  [{ "a/b": "theirs", "a/c": "theirs" }, { a: "ours" }],
])(
  "a file of one upload that is a folder of the other is a conflict unless it is said who wins",
  async (theirs, ours) => {
    await expect(race({ k: "0" }, theirs, ours)).rejects.toMatchObject({ code: "CONFLICT", info: { paths: ["a"] } });
    await uploadFiles(store, { k: "0" });
    await race({}, theirs, ours, { onConflict: "ours" });
    expect(await newest()).toEqual({ ...ours, k: "0" });
    await uploadFiles(store, { k: "0" });
    await race({}, theirs, ours, { onConflict: "theirs" });
    expect(await newest()).toEqual({ ...theirs, k: "0" });
  },
);

test("an empty folder of one upload makes way for what the other put into it", async () => {
  await race({ k: "0" }, { "a/": "" }, { "a/b": "ours", "a-": "" });
  expect(await newest()).toEqual({ "a/b": "ours", "a-": "", k: "0" });
  await race({}, { "c/d": "theirs" }, { "c/": "" });
  expect(await newest()).toEqual({ "a/b": "ours", "a-": "", "c/d": "theirs", k: "0" });
});

test("a draft on an older version is taken as it is, whatever was uploaded since", async () => {
  await uploadFiles(store, { x: "1" });
  await uploadFiles(store, { x: "2", y: "2" });
  const v1 = await store.resolve("sample:V1");
  await using draft = v1.edit();
  expect(draft.version).toBe("V1");
  await draft.add(Buffer.from("fixed"), { as: "fix" });
  await uploadFiles(other, { x: "3" });
  expect(await draft.upload()).toMatchObject({ version: "V4", mergedWith: null });
  expect(await newest()).toEqual({ x: "1", fix: "fixed" });
  expect((await store.resolve("sample:V4")).parents).toEqual([v1.id]);
  // From then on it is a draft on the newest version as any other.
  await uploadFiles(other, { x: "1", fix: "fixed", theirs: "5" });
  await draft.add(Buffer.from("again"), { as: "again" });
  expect(await draft.upload()).toMatchObject({ version: "V6", mergedWith: "V5" });
  expect(await newest()).toEqual({ x: "1", fix: "fixed", theirs: "5", again: "again" });
});

test("an older version uploaded unchanged is the newest content again, named sameAs", async () => {
  await uploadFiles(store, { x: "A" });
  await uploadFiles(store, { x: "B" });
  await using draft = (await store.resolve("sample:V1")).edit();
  expect(await draft.upload()).toMatchObject({ version: "V3", changed: true, newBytes: 0 });
  const versions = await all(store.versions("sample"));
  expect(versions.map((version) => [version.version, version.sameAs])).toEqual([
    ["V3", ["V1"]],
    ["V2", []],
    ["V1", ["V3"]],
  ]);
  expect(versions[0]?.digest).toBe(versions[2]?.digest);
  expect(versions[0]?.id).not.toBe(versions[2]?.id);
  await using again = (await store.resolve("sample:V1")).edit();
  expect(await again.upload()).toMatchObject({ version: "V3", changed: false });
});

test("many drafts uploaded at once through two handles all survive, each with a number of its own", async () => {
  const drafts = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const draft = await draftOf(index % 2 === 0 ? store : other);
      await draft.add(Buffer.from(String(index)), { as: `file-${index}` });
      return draft;
    }),
  );
  const results = await Promise.all(drafts.map((draft) => draft.upload()));
  const numbers = results.map((result) => result.number).sort((left, right) => left - right);
  expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
  expect(Object.keys(await newest())).toHaveLength(12);
  expect((await store.verify()).ok).toBe(true);
});

/** Versions once they are there: numbers, tags, notes, removal, and how they are found again. */
import { beforeEach, expect, test } from "vitest";
import { isArtifoldError, type Store, type Version } from "../../src/index.ts";
import { all, openScratch, pathsOf, scratch, textsOf, uploadFiles } from "../support/stores.ts";

let folder: string;
let store: Store;

beforeEach(async () => {
  folder = scratch();
  store = await openScratch(folder);
});

const sample = { name: "sample", type: "dataset" };
const at = (tag: string): Promise<Version> => store.getArtifact({ ...sample, tag });

async function codeOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => "no error",
    (error) => (isArtifoldError(error) ? error.code : error),
  );
}

test("a version without content is a version, once", async () => {
  await using draft = await store.artifact(sample);
  expect(draft.version).toBeNull();
  expect(await draft.upload()).toMatchObject({ version: "V1", changed: true, files: 0, bytes: 0 });
  expect(await draft.upload()).toMatchObject({ version: "V1", changed: false });
  const empty = await at("V1");
  expect([await pathsOf(empty), await all(empty.list())]).toEqual([[], []]);
  await uploadFiles(store, { x: "1" });
  await uploadFiles(store, {});
  expect((await at("latest")).sameAs).toEqual(["V1"]);
  await expect(empty.read("x")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("latest is the highest number that lives, and no number is given twice", async () => {
  for (const text of ["1", "2", "3"]) await uploadFiles(store, { x: text });
  await (await at("V3")).remove();
  expect((await at("latest")).version).toBe("V2");
  expect((await store.getArtifact(sample)).version).toBe("V2");
  expect((await store.resolve("sample")).version).toBe("V2");
  expect(await codeOf(at("V3"))).toBe("NOT_FOUND");
  expect(await uploadFiles(store, { x: "4" })).toMatchObject({ version: "V4", parent: "V2" });
  await (await at("V1")).remove();
  expect((await all(store.versions("sample"))).map((version) => version.version)).toEqual(["V4", "V2"]);
  const removed = await all(store.versions("sample", { removed: true }));
  expect(removed.map((version) => version.version)).toEqual(["V4", "V3", "V2", "V1"]);
  expect(await all(store.artifacts())).toMatchObject([{ ...sample, latest: "V4", versions: 2 }]);
});

test("an artifact of which all is removed is not there; made again it keeps its id and counts on", async () => {
  await uploadFiles(store, { x: "1" });
  const second = await uploadFiles(store, { x: "2" });
  await second.tag("prod");
  for (const version of await all(store.versions("sample"))) await version.remove();
  expect(await all(store.artifacts())).toEqual([]);
  expect(await all(store.versions("sample"))).toEqual([]);
  expect(await codeOf(store.getArtifact(sample))).toBe("NOT_FOUND");
  expect(await codeOf(store.resolve("sample:prod"))).toBe("NOT_FOUND");
  await using draft = await store.artifact(sample);
  expect([draft.version, await pathsOf(draft)]).toEqual([null, []]);
  await draft.add(Buffer.from("2"), { as: "x" });
  expect(await draft.upload()).toMatchObject({ version: "V3", changed: true, newBytes: 0, mergedWith: null });
  const third = await at("V3");
  expect([third.parent, third.sameAs]).toEqual([null, []]);
  expect((await store.resolve("sample:V2", { removed: true })).id).toBe(second.id);
  await (await store.resolve("sample:V2", { removed: true })).restore();
  expect((await at("V3")).sameAs).toEqual(["V2"]);
  // The log has one artifact made, not two.
  const changes = (await all(store.log())).flatMap((operation) => operation.changes.map((change) => change.change));
  expect(changes.filter((change) => change === "artifact")).toHaveLength(1);
});

test("removing and restoring are operations of the log, and happen once", async () => {
  const version = await uploadFiles(store, { x: "1" });
  const removed = await version.remove();
  expect([typeof removed, await version.remove()]).toEqual(["number", null]);
  const restored = await version.restore();
  expect([restored, await version.restore()]).toEqual([(removed as number) + 1, null]);
  expect(await textsOf(await at("V1"))).toEqual({ x: "1" });
  const log = await all(store.log({ limit: 2 }));
  expect(log.map((operation) => [operation.operation, operation.by, operation.changes])).toEqual([
    [restored, "tester", [{ change: "restore", version: version.id }]],
    [removed, "tester", [{ change: "remove", version: version.id }]],
  ]);
});

test("a draft on a version that was removed meanwhile becomes the next number", async () => {
  await uploadFiles(store, { x: "1" });
  await using draft = await store.artifact(sample);
  await draft.add(Buffer.from("2"), { as: "y" });
  await (await at("V1")).remove();
  expect(await draft.upload()).toMatchObject({ version: "V2", changed: true });
});

test("tags move, are found in any form, and can be taken away", async () => {
  const v1 = await uploadFiles(store, { x: "1" });
  const v2 = await uploadFiles(store, { x: "2" });
  const composed = "cafe\u0301".normalize("NFC");
  const decomposed = composed.normalize("NFD");
  expect(typeof (await v1.tag(decomposed))).toBe("number");
  expect(await v1.tag(composed)).toBeNull();
  expect((await at(decomposed)).version).toBe("V1");
  expect((await at(composed)).tags).toEqual([composed]);
  await v2.tag(composed);
  expect([(await at(composed)).version, (await at("V1")).tags, (await at("V2")).tags]).toEqual(["V2", [], [composed]]);
  expect(await codeOf(v1.untag(composed))).toBe("NOT_FOUND");
  await v2.untag(decomposed);
  expect(await codeOf(at(composed))).toBe("NOT_FOUND");
  expect(await codeOf(v2.untag(composed))).toBe("NOT_FOUND");
});

test.each([
  "v3",
  "V3",
  "V0",
  "v00",
  "latest",
  "LATEST",
  "",
  ".",
  "..",
  "-x",
  "a b",
  "a/b",
  "a:b",
  "a@b",
  "x".repeat(129),
])("%s is no tag", async (tag) => {
  const version = await uploadFiles(store, { x: "1" });
  expect(await codeOf(version.tag(tag))).toBe("NAME_INVALID");
  await using draft = await store.artifact(sample);
  await draft.add(Buffer.from("2"), { as: "x" });
  expect(await codeOf(draft.upload({ tags: ["good", tag] }))).toBe("NAME_INVALID");
  expect((await at("latest")).version).toBe("V1");
});

test("a tag that only looks different from another is refused, also within one upload", async () => {
  const version = await uploadFiles(store, { x: "1" });
  await version.tag("Straße");
  for (const tag of ["STRASSE", "strasse", "Ｓtraße"]) expect(await codeOf(version.tag(tag))).toBe("CONFLICT");
  await using draft = await store.artifact(sample);
  await draft.add(Buffer.from("2"), { as: "x" });
  expect(await codeOf(draft.upload({ tags: ["new", "straSSe"] }))).toBe("CONFLICT");
  expect(await codeOf(draft.upload({ tags: ["prod", "PROD"] }))).toBe("CONFLICT");
  expect((await at("latest")).version).toBe("V1");
  expect(await draft.upload({ tags: ["prod", "prod", "Straße"] })).toMatchObject({ version: "V2", changed: true });
  expect((await at("V2")).tags).toEqual(["Straße", "prod"]);
  const [newest] = await all(store.log({ limit: 1 }));
  expect(newest?.changes.filter((change) => change.change === "tag")).toHaveLength(2);
  // Freed, a name may come back in another form.
  await (await at("V2")).untag("prod");
  await version.tag("PROD");
  expect((await at("PROD")).version).toBe("V1");
});

test("tags given to an upload that changes nothing are moved to the newest version", async () => {
  await uploadFiles(store, { x: "1" });
  await uploadFiles(store, { x: "2" });
  await (await at("V1")).tag("prod");
  await using draft = await store.artifact(sample);
  expect(await draft.upload({ tags: ["prod"] })).toMatchObject({ version: "V2", changed: false });
  expect((await at("prod")).version).toBe("V2");
});

test.each(["team", "experiment", "type", "name"] as const)(
  "a %s that only looks different is refused",
  async (part) => {
    const first = { team: "Team", experiment: "Exp", type: "Type", name: "Name" };
    await using draft = await store.artifact(first);
    await draft.upload();
    await using alike = await store.artifact({ ...first, [part]: first[part].toUpperCase() });
    await alike.add(Buffer.from("x"), { as: "x" });
    await expect(alike.upload()).rejects.toMatchObject({ code: "CONFLICT", happened: "no" });
    expect(await all(store.artifacts())).toHaveLength(1);
  },
);

test("names are kept in NFC and found in any form", async () => {
  const team = "팀";
  const name = "고양이";
  const type = "données";
  const given = { team: team.normalize("NFD"), name: name.normalize("NFD"), type: type.normalize("NFD") };
  await using draft = await store.artifact(given);
  await draft.upload({ tags: ["é".normalize("NFD")] });
  expect(await all(store.artifacts())).toMatchObject([{ team, name, type }]);
  expect(await store.getArtifact({ ...given, tag: "é".normalize("NFD") })).toMatchObject({ team, name, type });
  expect((await store.resolve(`${given.team}/uncategorized/${given.name}:V1`)).name).toBe(name);
  expect((await store.resolve(given.name, { type: given.type })).name).toBe(name);
  expect(await all(store.artifacts({ team: given.team, type: given.type }))).toHaveLength(1);
  await using again = await store.artifact(given);
  expect(again.version).toBe("V1");
});

test.each(["", ".", "..", "-a", "a b", "a/b", "a:b", "a@b", "a\0", "a\ud800", "x".repeat(129), "😀"])(
  "%j is no name",
  async (name) => {
    expect(await codeOf(store.artifact({ name, type: "dataset" }))).toBe("NAME_INVALID");
    expect(await codeOf(store.artifact({ name: "sample", type: name }))).toBe("NAME_INVALID");
    expect(await codeOf(store.artifact({ ...sample, team: name }))).toBe("NAME_INVALID");
    expect(await codeOf(store.artifact({ ...sample, experiment: name }))).toBe("NAME_INVALID");
  },
);

test("names of 128 characters of any plane are names", async () => {
  const name = "\u{20000}".repeat(128);
  await using draft = await store.artifact({ name, type: "dataset" });
  await draft.upload();
  expect((await store.resolve(`${name}:V1`)).name).toBe(name);
});

test("a version is found by number, tag and digest, and what fits several is refused", async () => {
  const v1 = await uploadFiles(store, { x: "1" });
  const v2 = await uploadFiles(store, { x: "2" });
  for (const tag of ["v1", "V1"]) expect((await at(tag)).id).toBe(v1.id);
  for (const digest of [v1.digest, v1.id, v1.digest.slice(0, 8), v1.digest.toUpperCase()]) {
    expect((await store.getArtifact({ ...sample, digest })).id).toBe(v1.id);
    expect((await store.resolve(`sample@${digest}`)).id).toBe(v1.id);
  }
  for (const digest of ["", "abc", "xyz".repeat(9), `${v1.id}0`]) {
    expect(await codeOf(store.getArtifact({ ...sample, digest }))).toBe("USAGE");
  }
  const absent = v2.digest.startsWith("0") ? "f".repeat(64) : "0".repeat(64);
  expect(await codeOf(store.getArtifact({ ...sample, digest: absent }))).toBe("NOT_FOUND");
  expect(await codeOf(store.getArtifact({ name: "other" }))).toBe("NOT_FOUND");
  for (const tag of ["V3", "V01", "nothing"]) expect(await codeOf(at(tag))).toBe("NOT_FOUND");
  await using model = await store.artifact({ name: "sample", type: "model" });
  await model.upload();
  expect(await codeOf(store.getArtifact({ name: "sample" }))).toBe("AMBIGUOUS");
  expect(await codeOf(store.resolve("sample:V1"))).toBe("AMBIGUOUS");
  expect((await store.resolve("sample:V1", { type: "model" })).type).toBe("model");
});

test.each(["", ":V1", "a:", "a@", "a/b", "a/b/c/d", "a//b:V1", "a@xyz", "a@1234567"])(
  "%j is no address",
  async (address) => {
    expect(["USAGE", "NAME_INVALID"]).toContain(await codeOf(store.resolve(address)));
  },
);

test("message and metadata can be changed later; the id and the record stay", async () => {
  await using draft = await store.artifact(sample);
  await draft.upload({ message: "first", metadata: { a: 1, deep: { list: [null, true, "é"] } } });
  const before = await at("V1");
  expect([before.message, before.metadata]).toEqual(["first", { a: 1, deep: { list: [null, true, "é"] } }]);
  await before.annotate({ message: "second" });
  await before.annotate({ metadata: { b: [1.5, -0, 1e300] } });
  expect(await before.annotate({})).toBeNull();
  const after = await at("V1");
  expect([after.message, after.metadata, after.id, after.digest]).toEqual([
    "second",
    { b: [1.5, 0, 1e300] },
    before.id,
    before.digest,
  ]);
  // What was held stays as it was when it was asked for.
  expect(before.message).toBe("first");
});

test("notes that cannot be kept are refused, with an upload and later, and nothing happens", async () => {
  const version = await uploadFiles(store, { x: "1" });
  const cycle: { [key: string]: never } = {};
  for (const key of "abcdefgh") cycle[key] = cycle as never;
  const deep = JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`);
  const wrong = [
    { message: "m".repeat(64 * 1024 + 1) },
    { message: "\ud800" },
    { metadata: { text: "m".repeat(1024 * 1024) } },
    { metadata: deep },
    { metadata: cycle },
  ];
  for (const note of wrong) {
    await using draft = await store.artifact(sample);
    await draft.add(Buffer.from("2"), { as: "x" });
    const shown = JSON.stringify(Object.keys(note));
    expect(`${shown} ${isArtifoldCode(await codeOf(draft.upload(note)))}`).toBe(`${shown} refused`);
    expect(`${shown} ${isArtifoldCode(await codeOf(version.annotate(note)))}`).toBe(`${shown} refused`);
  }
  expect((await at("latest")).version).toBe("V1");
  expect((await at("V1")).message).toBe("");
  expect(await all(store.log())).toHaveLength(1);
});

function isArtifoldCode(code: unknown): unknown {
  return code === "LIMIT" || code === "USAGE" ? "refused" : code;
}

test("metadata that is no JSON object is a mistake of the program", async () => {
  const version = await uploadFiles(store, { x: "1" });
  for (const metadata of [[1], "text", 7, { big: 1n }, { toJSON: () => [1] }] as never[]) {
    expect(await codeOf(version.annotate({ metadata }))).toBeInstanceOf(TypeError);
    await using draft = await store.artifact(sample);
    await draft.add(Buffer.from("2"), { as: "x" });
    expect(await codeOf(draft.upload({ metadata }))).toBeInstanceOf(TypeError);
  }
  expect(await all(store.log())).toHaveLength(1);
  expect((await openScratch(folder)).damage).toEqual([]);
});

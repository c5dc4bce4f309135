/** What `add` takes, and what it refuses. */
import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { beforeEach, expect, test } from "vitest";
import { type Artifact, type ErrorCode, isArtifoldError, openStore, type Source, type Store } from "../../src/index.ts";
import { all, openScratch, pathsOf, scratch, textsOf, writeFiles } from "../support/stores.ts";

let store: Store;
let draft: Artifact;

beforeEach(async () => {
  store = await openScratch();
  draft = await store.artifact({ name: "sample", type: "dataset" });
});

/** The code of the ArtifoldError that a call is refused with. */
async function codeOf(call: Promise<unknown> | (() => Promise<unknown>)): Promise<ErrorCode | unknown> {
  try {
    await (typeof call === "function" ? call() : call);
  } catch (error) {
    return isArtifoldError(error) ? error.code : error;
  }
  return "no error";
}

async function textOf(source: Source): Promise<string> {
  await draft.add(source, { as: "it" });
  const { version } = await draft.upload();
  return Buffer.from(await (await store.resolve(`sample:${version}`)).read("it")).toString("latin1");
}

test("bytes, web streams, Node streams and async iterables give the same content", async () => {
  const bytes = Buffer.from("content that comes in pieces");
  const pieces = [bytes.subarray(0, 7), new Uint8Array(0), bytes.subarray(7, 8), bytes.subarray(8)];
  const copies = (): Uint8Array[] => pieces.map((piece) => new Uint8Array(piece));
  const later = async function* (): AsyncGenerator<Uint8Array> {
    yield* copies();
  };
  const through = new PassThrough();
  for (const piece of pieces) through.write(piece);
  through.end();
  const text = bytes.toString();
  expect(await textOf(bytes)).toBe(text);
  expect(await textOf(new Uint8Array(bytes))).toBe(text);
  expect(await textOf(ReadableStream.from(later()) as ReadableStream<Uint8Array>)).toBe(text);
  expect(await textOf(new Blob(copies()).stream() as ReadableStream<Uint8Array>)).toBe(text);
  expect(await textOf(Readable.from(copies()))).toBe(text);
  expect(await textOf(through)).toBe(text);
  expect(await textOf(later())).toBe(text);
  // Never a new version: the content is the same each time.
  expect(draft.version).toBe("V1");
});

test("a Node stream of text is stored as UTF-8", async () => {
  expect(await textOf(Readable.from(["é", "x"]))).toBe(Buffer.from("éx").toString("latin1"));
});

test("pieces of a stream that are other views of bytes are stored as the bytes they show", async () => {
  const buffer = Uint8Array.from([0, 65, 66, 67, 68, 0]).buffer;
  const views = [new Uint16Array(buffer, 2, 1), new DataView(buffer, 1, 1), buffer.slice(3, 5)];
  expect(await textOf(Readable.from(views) as Source)).toBe("BCACD");
});

test.each([[[{ length: 1 }]], [[7]], [[[65, 66]]]])("a stream of what is no bytes is refused: %j", async (pieces) => {
  const wrong = (async function* () {
    yield* pieces;
  })() as unknown as AsyncIterable<Uint8Array>;
  expect(await codeOf(draft.add(wrong, { as: "it" }))).toBeInstanceOf(TypeError);
  expect(await pathsOf(draft)).toEqual([]);
});

test("bytes without a path, and things that hold no bytes, are mistakes of the program", async () => {
  expect(await codeOf(draft.add(Buffer.from("x")))).toBeInstanceOf(TypeError);
  expect(await codeOf(draft.add(12 as unknown as Source, { as: "it" }))).toBeInstanceOf(TypeError);
  expect(await codeOf(draft.add(null as unknown as Source, { as: "it" }))).toBeInstanceOf(TypeError);
});

test("a call with something of another kind is a mistake of the program, told in words before anything is done", async () => {
  const told = async (call: () => Promise<unknown>) => {
    const error = await codeOf(call);
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  };
  const folder = scratch();
  expect(await told(() => store.artifact({ name: "x" } as never))).toBe(
    "the name of a type is a string, not undefined",
  );
  expect(await told(() => store.getArtifact({ name: 7 } as never))).toBe(
    "the name of an artifact is a string, not number",
  );
  expect(await told(() => draft.upload({ tags: "x" } as never))).toBe("tags are a list of strings, not string");
  expect(await told(() => openStore(folder, { user: 5 } as never))).toBe("the user is a string, not number");
  expect(await told(() => openStore({ user: "ada" } as never))).toContain("comes first");
  expect(await told(async () => store.on("foo" as never, () => {}))).toBe(
    'there is no event "foo": "version", "operation"',
  );
});

test("a stream that fails is named, and the draft stays as it was", async () => {
  await draft.add(Buffer.from("before"), { as: "it" });
  const reason = new Error("the cable was pulled");
  const failing = (async function* () {
    yield Buffer.from("half");
    throw reason;
  })();
  const error = await codeOf(async () => {
    try {
      await draft.add(failing, { as: "it" });
    } catch (thrown) {
      expect((thrown as Error).cause).toBe(reason);
      throw thrown;
    }
  });
  expect(error).toBe("READ_FAILED");
  await draft.upload();
  expect(await textsOf(await store.resolve("sample"))).toEqual({ it: "before" });
});

test("content of many chunks from a stream comes back, whatever the sizes of its pieces", async () => {
  const bytes = Buffer.alloc(700_000);
  for (let at = 0; at < bytes.length; at += 32) createHash("sha256").update(String(at)).digest().copy(bytes, at);
  const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 600_000), bytes.subarray(600_000)];
  await draft.add(Readable.from(pieces), { as: "stream" });
  await draft.add(bytes, { as: "bytes", executable: true });
  writeFileSync(path.join(scratch(), "file"), bytes);
  const folder = writeFiles(scratch(), { file: bytes });
  await draft.add(path.join(folder, "file"));
  await draft.upload();
  const version = await store.resolve("sample");
  const entries = await all(version.entries());
  expect(new Set(entries.map((entry) => entry.digest)).size).toBe(1);
  expect(entries.map((entry) => [entry.path, entry.executable])).toEqual([
    ["bytes", true],
    ["file", false],
    ["stream", false],
  ]);
  expect(Buffer.from(await version.read("stream")).equals(bytes)).toBe(true);
  expect(Buffer.concat(await all(version.stream("stream"))).equals(bytes)).toBe(true);
});

test("a file goes by its own name or to `as`; a folder's content to the root or below `as`", async () => {
  const folder = writeFiles(scratch(), { "a.txt": "a", "deep/b.txt": "b", "hollow/": "" });
  await draft.add(path.join(folder, "a.txt"));
  await draft.add(path.join(folder, "a.txt"), { as: "elsewhere/c.txt" });
  await draft.add(folder, { as: "copy/" });
  symlinkSync(folder, path.join(scratch(), "link"));
  await draft.add(path.join(folder, "deep", ".."), { as: "again", include: ["*.txt"], exclude: ["deep"] });
  expect(await pathsOf(draft)).toEqual([
    "a.txt",
    "again/a.txt",
    "copy/a.txt",
    "copy/deep/b.txt",
    "copy/hollow",
    "elsewhere/c.txt",
  ]);
});

test("references keep their place, size, digest and etag, and are named by a download", async () => {
  const digest = "ab".repeat(32);
  await draft.addReference("s3://bucket/key?version=7", { as: "far/one", size: 12, digest, etag: '"7"' });
  await draft.addReference("https://example.org/two", { as: "far/two" });
  await draft.add(Buffer.from("near"), { as: "near" });
  await draft.upload();
  const version = await store.resolve("sample");
  expect(await all(version.entries({ folder: "far" }))).toEqual([
    {
      path: "far/one",
      kind: "reference",
      size: 12,
      digest,
      executable: false,
      uri: "s3://bucket/key?version=7",
      etag: '"7"',
    },
    { path: "far/two", kind: "reference", size: 0, digest: null, executable: false, uri: "https://example.org/two" },
  ]);
  expect(await codeOf(version.read("far/one"))).toBe("NOT_FOUND");
  const out = path.join(scratch(), "out");
  const downloaded = await version.download(out);
  expect(downloaded).toMatchObject({ written: 1, references: ["far/one", "far/two"] });
  const rows = await all(version.list("far"));
  expect(rows.map((row) => row.kind)).toEqual(["reference", "reference"]);
  // The same reference is the same content, another etag is not.
  await draft.addReference("https://example.org/two", { as: "far/two" });
  expect((await draft.upload()).changed).toBe(false);
  await draft.addReference("https://example.org/two", { as: "far/two", etag: "new" });
  expect(await draft.upload()).toMatchObject({ changed: true, modified: 1, added: 0 });
});

test.each([
  ["no-scheme", {}, "USAGE"],
  ["https://exa mple.org/", {}, "USAGE"],
  [`https://${"e".repeat(100_000)}`, {}, "USAGE"],
  ["https://example.org/", { digest: "xyz" }, "USAGE"],
  ["https://example.org/", { size: -1 }, "USAGE"],
  ["https://example.org/", { size: 1.5 }, "USAGE"],
  ["https://example.org/\ud800", {}, "USAGE"],
  ["https://example.org/", { etag: "\ud800" }, "USAGE"],
  ["https://example.org/", { as: "../out" }, "PATH_INVALID"],
] as const)("a reference that cannot be kept is refused: %.40s %j", async (uri, options, code) => {
  expect(await codeOf(draft.addReference(uri, { as: "it", ...options }))).toBe(code);
  await draft.add(Buffer.from("good"), { as: "good" });
  expect(await draft.upload()).toMatchObject({ changed: true, files: 1 });
});

test("paths that no version can hold are refused by name", async () => {
  const refused = ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b", "\ud800", "x".repeat(256)];
  refused.push(`${"x/".repeat(256)}x`, "y/".repeat(2047).concat("yyy"));
  for (const as of refused) {
    expect(`${as}: ${await codeOf(draft.add(Buffer.from("x"), { as }))}`).toBe(`${as}: PATH_INVALID`);
  }
  expect(await pathsOf(draft)).toEqual([]);
});

test("the longest and deepest paths, and equal-looking ones, are kept byte for byte", async () => {
  const deepest = `${"d/".repeat(255)}d`;
  const longest = Array.from({ length: 16 }, (_, index) => String.fromCharCode(97 + index).repeat(255)).join("/");
  const kept = [
    deepest,
    longest.slice(0, 4095),
    "é",
    "e\u0301",
    "ﬁ",
    "fi",
    "A",
    "a",
    "a\\b",
    "con",
    " a ",
    "\u{10ffff}",
  ];
  for (const as of kept) await draft.add(Buffer.from(as), { as });
  await draft.upload();
  const version = await store.resolve("sample");
  expect(new Set(await pathsOf(version))).toEqual(new Set(kept));
  for (const as of kept) expect(Buffer.from(await version.read(as)).toString()).toBe(as);
});

test("a missing path, and what is neither a file nor a folder, are refused and named", async () => {
  const folder = scratch();
  const missing = path.join(folder, "missing");
  await expect(draft.add(missing)).rejects.toMatchObject({ code: "NOT_FOUND", info: { path: missing } });
  await expect(draft.add("/dev/null")).rejects.toMatchObject({ code: "READ_FAILED" });
  symlinkSync("nowhere", path.join(folder, "dangling"));
  await expect(draft.add(path.join(folder, "dangling"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  writeFileSync(path.join(folder, "file"), "x");
  await expect(draft.add(path.join(folder, "file", "below"))).rejects.toMatchObject({ code: "READ_FAILED" });
  await expect(draft.mirror(path.join(folder, "file"))).rejects.toMatchObject({ code: "USAGE" });
  await expect(draft.mirror(missing)).rejects.toMatchObject({ code: "NOT_FOUND" });
  // A refused call takes nothing from the draft.
  await draft.add(path.join(folder, "file"));
  expect(await draft.upload()).toMatchObject({ version: "V1", files: 1 });
});

test("a path that is another's parent is refused, whichever comes first and however it comes", async () => {
  const folder = writeFiles(scratch(), { "a/b": "deep" });
  await draft.add(Buffer.from("file"), { as: "a" });
  expect(await codeOf(draft.add(Buffer.from("below"), { as: "a/b" }))).toBe("CONFLICT");
  await expect(draft.add(folder)).rejects.toMatchObject({ code: "CONFLICT", info: { paths: ["a"] } });
  expect(await codeOf(draft.add(folder, { as: "a" }))).toBe("CONFLICT");
  expect(await codeOf(draft.addReference("https://example.org/", { as: "a/x" }))).toBe("CONFLICT");
  expect(await pathsOf(draft)).toEqual(["a"]);
  await draft.upload();
  expect(await codeOf(draft.add(Buffer.from("below"), { as: "a/b" }))).toBe("CONFLICT");
  await draft.remove("a");
  await draft.add(folder);
  expect(await codeOf(draft.add(Buffer.from("file"), { as: "a" }))).toBe("CONFLICT");
  expect(await codeOf(draft.add(writeFiles(scratch(), { a: "file" })))).toBe("CONFLICT");
  expect(await pathsOf(draft)).toEqual(["a/b"]);
});

test("an empty folder makes way for what is put into it, and comes back when a mirror finds it empty", async () => {
  const folder = scratch();
  mkdirSync(path.join(folder, "hollow"));
  await draft.add(folder);
  expect(await pathsOf(draft)).toEqual(["hollow"]);
  await draft.add(Buffer.from("x"), { as: "hollow/x" });
  expect(await pathsOf(draft)).toEqual(["hollow/x"]);
  await draft.mirror(folder);
  expect(await pathsOf(draft)).toEqual(["hollow"]);
  // An empty folder of what is added is none where the version has something in it.
  await draft.add(Buffer.from("x"), { as: "hollow/x" });
  await draft.add(folder);
  expect(await pathsOf(draft)).toEqual(["hollow/x"]);
});

test("an empty folder of a version makes way for the files that a later add of the folder finds in it", async () => {
  const folder = writeFiles(scratch(), { "hollow/": "", "hollow-too/": "", "hollow.txt": "between them in order" });
  await draft.add(folder);
  await draft.upload();
  writeFiles(folder, { "hollow/x": "x" });
  await draft.add(folder);
  expect(await draft.upload()).toMatchObject({ version: "V2", added: 1, removed: 1 });
  expect(await pathsOf(await store.resolve("sample:V2"))).toEqual(["hollow-too", "hollow.txt", "hollow/x"]);
});

test("what is added later takes the place of what stands at its path", async () => {
  const folder = writeFiles(scratch(), { x: "from a folder", y: "y" });
  await draft.add(Buffer.from("from bytes"), { as: "x" });
  await draft.add(folder);
  await draft.addReference("https://example.org/", { as: "y" });
  await draft.upload();
  const version = await store.resolve("sample");
  expect(await textsOf(version)).toEqual({ x: "from a folder" });
  expect((await version.entry("y"))?.kind).toBe("reference");
});

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import { type FolderRemoteOptions, openFolderRemote } from "../../src/remote/folder.ts";
import type { Remote } from "../../src/remote/index.ts";
import { FaultyFileSystem, type FileCall, remoteChecks } from "../../src/testing/index.ts";
import { wrappedPlace } from "../support/remotes.ts";
import { temporaryFolder } from "../support/temporary.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const open = (options?: FolderRemoteOptions): Promise<Remote> => openFolderRemote(folder, options);
const place = { open: () => open() };

async function keys(remote: Remote, prefix = "", after?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of remote.list(prefix, after)) found.push(key);
  return found;
}

describe("a folder is a remote", () => {
  test.each(remoteChecks)("$name", ({ check }) => check(place));
});

describe("a folder behind every wrapper is a remote", () => {
  test.each(remoteChecks)("$name", ({ check }) => check(wrappedPlace(place)));
});

describe("a folder without hard links, for its only writer, is a remote", () => {
  const fs = (): FaultyFileSystem => new FaultyFileSystem(({ name }) => (name === "addName" ? "EPERM" : undefined));
  const onlyWriter = { open: () => open({ fs: fs(), writers: "one" }) };
  test.each(remoteChecks)("$name", ({ check }) => check(onlyWriter));

  test("it says so, and refuses one of many writers", async () => {
    const remote = await open({ fs: fs() });
    expect(remote.traits.creates).toBe("always");
    const error = await remote.create("a/0", bytes("0")).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "DENIED", happened: "no", hint: expect.stringContaining("only writer") });
    expect(remote.traits.creates).toBe("by one writer");
    expect(readdirSync(path.join(folder, "a"))).toEqual([]);
  });
});

describe("trouble", () => {
  test("a folder that is not there is not found, and made only if it is to be", async () => {
    const missing = path.join(folder, "not", "there");
    await expect(openFolderRemote(missing)).rejects.toMatchObject({ code: "NOT_FOUND", info: { remote: missing } });
    writeFileSync(path.join(folder, "file"), "");
    await expect(openFolderRemote(path.join(folder, "file"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    const made = await openFolderRemote(missing, { makeFolder: true });
    expect(await keys(made)).toEqual([]);
    expect(statSync(missing).mode & 0o777).toBe(0o700);
  });

  test("a disk that was taken out is not an empty remote", async () => {
    const place = path.join(folder, "disk");
    mkdirSync(place);
    const remote = await openFolderRemote(place);
    await remote.create("a/0", bytes("0"));
    renameSync(place, path.join(folder, "away"));
    const calls = [
      () => remote.read("a/0"),
      () => keys(remote),
      () => keys(remote, "a/"),
      () => remote.create("a/1", bytes("1")),
      () => remote.delete("a/0"),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "NOT_FOUND" });
    mkdirSync(place);
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(readdirSync(place)).toEqual([]);
  });

  test.each([
    ["ENOSPC", "NO_SPACE", false],
    ["EDQUOT", "NO_SPACE", false],
    ["EACCES", "DENIED", false],
    ["EROFS", "DENIED", false],
    ["EIO", "UNREACHABLE", true],
    ["ESTALE", "UNREACHABLE", true],
  ])("%s is %s, at every call of a create, and nothing is left", async (errno, code, transient) => {
    for (let failing = 1; ; failing++) {
      const place = temporaryFolder();
      const fs = new FaultyFileSystem();
      const remote = await openFolderRemote(place, { fs });
      const first = fs.calls + failing;
      let failed: FileCall | undefined;
      fs.decide = (call) => {
        if (call.number !== first) return undefined;
        failed = call;
        return errno;
      };
      const result = await remote.create("a/b/0", bytes("0")).catch((error: unknown) => error);
      fs.decide = () => undefined;
      if (failed === undefined) break;
      // Rights and leftovers are no reason to fail.
      const isQuiet = failed.name === "setMode" || failed.name === "remove";
      if (isQuiet && result === "created") continue;
      expect(result, failed.name).toMatchObject({ code, info: { transient }, cause: { code: errno } });
      const { happened } = result as { happened: string };
      const seen = await remote.read("a/b/0");
      if (happened === "no") expect(seen, failed.name).toBeUndefined();
      if (seen !== undefined) expect(seen).toEqual(bytes("0"));
      expect(await keys(remote)).toEqual(seen === undefined ? [] : ["a/b/0"]);
      const names = existsSync(path.join(place, "a", "b")) ? readdirSync(path.join(place, "a", "b")) : [];
      expect(names).toEqual(seen === undefined ? [] : ["0"]);
    }
  });

  test("what was created is there after a power cut at any later moment, and what was not is whole or absent", async () => {
    for (let cut = 1; ; cut++) {
      const place = temporaryFolder();
      const fs = new FaultyFileSystem();
      const remote = await openFolderRemote(place, { fs });
      const last = fs.calls + cut;
      let isOff = false;
      fs.decide = (call) => {
        isOff ||= call.number === last;
        return isOff ? "EIO" : undefined;
      };
      const done: string[] = [];
      for (const key of ["a/b/0", "a/b/1", "a/c/0"]) {
        if ((await remote.create(key, bytes(key)).catch(() => undefined)) === "created") done.push(key);
      }
      const wasOff = isOff;
      fs.decide = () => undefined;
      fs.powerCut();
      const after = await openFolderRemote(place);
      const listed = await keys(after);
      expect(listed).toEqual(expect.arrayContaining(done));
      for (const key of listed) expect(await after.read(key)).toEqual(bytes(key));
      if (!wasOff) break;
    }
  });

  test("writes that stop short are gone on with", async () => {
    const fs = new FaultyFileSystem(({ name }) => (name === "writeLater" ? { writeOnly: 1000 } : undefined));
    const remote = await open({ fs });
    const body = Uint8Array.from({ length: 5000 }, (_, at) => at);
    await remote.create("a/0", body);
    expect(await remote.read("a/0")).toEqual(body);
  });

  test("where names cannot be flushed it says so", async () => {
    const fs = new FaultyFileSystem(({ name, path: at }) =>
      name === "flush" && statSync(at).isDirectory() ? "EINVAL" : undefined,
    );
    const remote = await open({ fs });
    expect(remote.traits.durable).toBe("flushed");
    expect(await remote.create("a/0", bytes("0"))).toBe("created");
    expect(remote.traits.durable).toBe("body flushed");
  });
});

describe("strange folders", () => {
  test("other files are left alone and not seen", async () => {
    const remote = await open();
    await remote.create("a/0", bytes("0"));
    for (const name of [".DS_Store", "Thumbs.db", "a/UPPER", "a/.tmp-0123456789abcdef", "a/b c"])
      writeFileSync(path.join(folder, name), "x");
    expect(await keys(remote)).toEqual(["a/0"]);
  });

  test("links are not followed, wherever they lead", async () => {
    const outside = temporaryFolder();
    writeFileSync(path.join(outside, "secret"), "secret");
    mkdirSync(path.join(folder, "b"));
    symlinkSync(path.join(outside, "secret"), path.join(folder, "b", "0"));
    const remote = await open();
    symlinkSync(outside, path.join(folder, "a"));
    for (const call of [
      () => remote.read("a/secret"),
      () => remote.create("a/new", bytes("0")),
      () => remote.delete("a/secret"),
      () => keys(remote, "a/"),
      () => keys(remote),
      () => remote.read("b/0"),
      () => remote.create("b/0", bytes("0")),
      () => keys(remote, "b/"),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: "DAMAGED" });
    }
    expect(readdirSync(outside)).toEqual(["secret"]);
  });

  test("a key that begins others cannot be one", async () => {
    const remote = await open();
    await remote.create("a/0/1", bytes("x"));
    expect(await remote.read("a/0")).toBeUndefined();
    await expect(remote.create("a/0", bytes("x"))).rejects.toThrow(TypeError);
    await expect(remote.create("a/0/1/2", bytes("x"))).rejects.toThrow(TypeError);
    expect(await remote.read("a/0/1/2")).toBeUndefined();
  });

  test("a file longer than any body is refused, and read in ranges", async () => {
    mkdirSync(path.join(folder, "a"));
    writeFileSync(path.join(folder, "a", "0"), "begin");
    const { truncateSync } = await import("node:fs");
    truncateSync(path.join(folder, "a", "0"), 2 ** 40);
    const remote = await open();
    await expect(remote.read("a/0")).rejects.toMatchObject({ code: "DAMAGED" });
    expect(await remote.read("a/0", { offset: 0, length: 6 })).toEqual(bytes("begin\0"));
  });
});

test("leftovers of killed writers are swept when they are old, and no sooner", async () => {
  mkdirSync(path.join(folder, "a"));
  const at = (name: string): string => path.join(folder, "a", name);
  for (const name of [".tmp-old", ".tmp-new", ".other"]) writeFileSync(at(name), "x");
  const twoDaysAgo = new Date(Date.now() - 48 * 3600 * 1000);
  for (const name of [".tmp-old", ".other"]) utimesSync(at(name), twoDaysAgo, twoDaysAgo);
  const remote = await open();
  await keys(remote);
  expect(existsSync(at(".tmp-old"))).toBe(true);
  await remote.create("a/0", bytes("0"));
  expect(readdirSync(at("")).sort()).toEqual([".other", ".tmp-new", "0"]);
});

test("a writer whose temporary file was swept begins again", async () => {
  const fs = new FaultyFileSystem();
  const remote = await open({ fs });
  let swept = 0;
  fs.decide = ({ name }) => (name === "addName" && swept++ === 0 ? "ENOENT" : undefined);
  expect(await remote.create("a/0", bytes("0"))).toBe("created");
  expect(swept).toBe(2);
});

test("the rights are those of the whole folder, whatever the umask says", async () => {
  chmodSync(folder, 0o770);
  const remote = await open();
  const before = process.umask(0o077);
  try {
    await remote.create("a/0", bytes("0"));
  } finally {
    process.umask(before);
  }
  expect(statSync(path.join(folder, "a")).mode & 0o777).toBe(0o770);
  expect(statSync(path.join(folder, "a", "0")).mode & 0o777).toBe(0o440);
});

test("a network mount may meet its own name when an answer was lost", async () => {
  const fs = new FaultyFileSystem();
  const remote = await open({ fs });
  const base = fs.addName.bind(fs);
  fs.addName = (file, another) => {
    base(file, another);
    throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
  };
  expect(await remote.create("a/0", bytes("0"))).toBe("created");
  expect(isArtifoldError(await remote.create("a/0", bytes("0")))).toBe(false);
});

test("a list of a large folder is in order and lets others work meanwhile", async () => {
  mkdirSync(path.join(folder, "a"));
  for (let number = 0; number < 20_000; number++) writeFileSync(path.join(folder, "a", number.toString(36)), "");
  const remote = await open();
  const listed = await keys(remote, "a/");
  expect(listed).toHaveLength(20_000);
  expect(listed).toEqual([...listed].sort());
  expect(await keys(remote, "a/", listed[19_990])).toEqual(listed.slice(19_991));
});

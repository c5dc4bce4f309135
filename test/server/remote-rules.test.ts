/** What a server takes as keys of a remote, and what it refuses before it can do harm. */
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openRemote, type Remote } from "../../src/remote/index.ts";
import { refusalOfKey } from "../../src/server/remote-rules.ts";
import { openScratch, scratch, uploadFiles } from "../support/stores.ts";

async function newPlace(): Promise<Remote> {
  const remote = await openRemote(path.join(scratch(), "place"), { makeFolder: true });
  onTestFinished(() => remote.close());
  return remote;
}

describe("keys of a remote", () => {
  test("that are ours are taken: all that pushes and a gc make", async () => {
    const remote = await newPlace();
    const seen = new Set<string>();
    const create = remote.create.bind(remote);
    remote.create = async (key, bytes, options) => {
      seen.add(key.replace(/\/.*/s, ""));
      expect(await refusalOfKey(remote, key, bytes), key).toBeUndefined();
      return create(key, bytes, options);
    };
    const store = await openScratch();
    for (let version = 0; version < 9; version++) {
      await uploadFiles(store, { a: `version ${version}`, b: String(Math.random()).repeat(20_000) });
      await store.push({ remote });
    }
    await (await store.startRun()).finish();
    await store.push({ remote });
    const first = await store.getArtifact({ name: "sample", type: "dataset", tag: "V1" });
    await first.remove();
    await store.push({ remote });
    await store.remotes.collect({ remote });
    expect([...seen].sort()).toEqual(["a", "c", "e", "format", "names", "p", "t", "x", "y"]);
  });

  const number = "0".repeat(16);
  const id = "0".repeat(64);
  test.each([
    "t/w",
    "t",
    "t/body/x",
    `t/${number}/${number}`,
    `x/${number}/${number}`,
    `y/${number}/${number}`,
    `y/${number}/whole`,
    `y/${number}/half`,
    `c/names/8${"0".repeat(15)}`,
    `c/a/${id}/8${"0".repeat(15)}`,
    `c/other/8${"0".repeat(15)}`,
    `a/${id}/${number}`,
    `a/${id}/000000000000000${1}`,
    `e/${id}/000000000000000${1}`,
    `p/${number}/${id}`,
    "p/other",
    "format",
    "names/x",
    "other",
    "check",
  ])("%s of any bytes is refused", async (key) => {
    expect(await refusalOfKey(await newPlace(), key, Buffer.from("hi"))).toEqual(expect.any(String));
  });

  test("of a check are taken, whatever they hold", async () => {
    expect(await refusalOfKey(await newPlace(), "check/00/body/1", Buffer.from("hi"))).toBeUndefined();
  });
});

test("a push passes over what is no key of ours, and says where what is malformed lies", async () => {
  const remote = await newPlace();
  const store = await openScratch();
  // So much that it is worth asking what is there.
  await uploadFiles(store, {
    a: crypto.getRandomValues(new Uint8Array(60_000)),
    b: crypto.getRandomValues(new Uint8Array(60_000)),
  });
  await remote.create("t/w", Buffer.from("hi"));
  await store.push({ remote });
  const key = `t/${"0".repeat(15)}1/${"0".repeat(16)}`;
  await remote.create(key, Buffer.from("hi"));
  await uploadFiles(store, {
    a: crypto.getRandomValues(new Uint8Array(60_000)),
    b: crypto.getRandomValues(new Uint8Array(60_000)),
  });
  await expect(store.push({ remote })).rejects.toMatchObject({
    code: "DAMAGED",
    message: expect.stringContaining(`${remote.url}: ${key}: malformed tombstones`),
  });
});

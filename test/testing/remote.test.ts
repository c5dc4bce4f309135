import { describe, expect, test } from "vitest";
import { KEY_LENGTH_MAX, keyProblem, type Remote } from "../../src/remote/index.ts";
import { memoryPlace, memoryRemote, remoteChecks } from "../../src/testing/index.ts";

describe("the memory remote", () => {
  test.each(remoteChecks)("$name", async ({ check }) => check(memoryPlace()));

  test("a check notices a remote that does not keep its word", async () => {
    const open = (): Remote => {
      const remote = memoryRemote();
      remote.create = async () => "created";
      return remote;
    };
    const results = await Promise.allSettled(remoteChecks.map(({ check }) => check({ open })));
    expect(results.filter((result) => result.status === "rejected").length).toBeGreaterThan(10);
  });

  test.each([
    ["a key of a user's words", (remote = memoryRemote()) => remote.create("My Data", new Uint8Array())],
    ["a negative range", (remote = memoryRemote()) => remote.read("a/0", { offset: -1, length: 1 })],
    [
      "a key below another key",
      async (remote = memoryRemote()) => {
        await remote.create("a/0", new Uint8Array());
        await remote.create("a/0/1", new Uint8Array());
      },
    ],
    [
      "a call after close",
      async (remote = memoryRemote()) => {
        await remote.close();
        await remote.read("a/0");
      },
    ],
  ])("refuses %s", async (_, misuse) => {
    await expect(misuse()).rejects.toThrow(TypeError);
  });
});

test.each([
  ["a/0123456789abcdef/1", true],
  ["names/0", true],
  ["", false],
  ["/a", false],
  ["a/", false],
  ["a//b", false],
  ["A/b", false],
  ["a/../b", false],
  ["a/é", false],
  ["a".repeat(KEY_LENGTH_MAX), true],
  ["a".repeat(KEY_LENGTH_MAX + 1), false],
])("%s is a key: %s", (key, isKey) => {
  expect(keyProblem(key) === undefined).toBe(isKey);
});

import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { openFolderRemote } from "../../src/remote/folder.ts";
import { checkRemote, type Remote, type RemoteFinding, remoteError } from "../../src/remote/index.ts";
import { FaultyFileSystem, memoryPlace, memoryRemote } from "../../src/testing/index.ts";
import { makeBucket, openBucket } from "../support/buckets.ts";
import { isInstalled, needs, type S3Server, startS3rver, startVersitygw } from "../support/servers.ts";
import { temporaryFolder } from "../support/temporary.ts";

async function keysOf(remote: Remote): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of remote.list("")) keys.push(key);
  return keys;
}

test("a place that keeps its word is fine, and nothing is left there", async () => {
  const place = memoryPlace();
  const heard: RemoteFinding[] = [];
  const { verdict, findings } = await checkRemote(place.open, { onFinding: (finding) => heard.push(finding) });
  expect(verdict).toBe("fine");
  expect(findings.map(({ level, what }) => `${level} ${what}`)).toEqual([
    "fine bodies",
    "fine ranges",
    "fine creating at once",
    "fine lists",
    "fine deleting",
    "note durability",
  ]);
  expect(heard).toEqual(findings);
  expect(await keysOf(place.open())).toEqual([]);
});

test("a folder is fine", async () => {
  const folder = temporaryFolder();
  const { verdict, findings } = await checkRemote(() => openFolderRemote(folder), { large: true });
  expect(verdict).toBe("fine");
  expect(findings.filter(({ level }) => level !== "fine")).toEqual([]);
  expect(readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())).toEqual([]);
});

test("a folder without hard links is for a single writer", async () => {
  const folder = temporaryFolder();
  const fs = new FaultyFileSystem(({ name }) => (name === "addName" ? "EPERM" : undefined));
  expect((await checkRemote(() => openFolderRemote(folder, { fs }))).verdict).toBe("single writer");
  expect((await checkRemote(() => openFolderRemote(folder, { fs, writers: "one" }))).verdict).toBe("single writer");
});

/** A place that breaks one promise. */
function broken(change: (remote: Remote) => Partial<Remote>): () => Remote {
  const place = memoryPlace();
  return () => {
    const remote = place.open();
    return Object.assign(remote, change({ ...bound(remote) }));
  };
}

function bound(remote: Remote): Remote {
  return {
    url: remote.url,
    traits: remote.traits,
    read: remote.read.bind(remote),
    create: remote.create.bind(remote),
    list: remote.list.bind(remote),
    delete: remote.delete.bind(remote),
    close: remote.close.bind(remote),
  };
}

describe("a place that breaks a promise is found out", () => {
  test.each<[string, string, (remote: Remote) => Partial<Remote>]>([
    [
      "creates what is there",
      "single writer",
      (remote) => ({
        create: async (key, bytes) => {
          await remote.delete(key);
          return remote.create(key, bytes);
        },
      }),
    ],
    [
      "tells two that they won",
      "single writer",
      (remote) => ({ create: (key, bytes) => remote.create(key, bytes).then(() => "created" as const) }),
    ],
    [
      "tells nobody that he won",
      "single writer",
      (remote) => ({ create: (key, bytes) => remote.create(key, bytes).then(() => "exists" as const) }),
    ],
    [
      "gives all for a range",
      "read only",
      (remote) => ({ read: (key, range) => remote.read(key, range && { ...range, length: 2000 }) }),
    ],
    [
      "leaves out what begins after a key",
      "read only",
      (remote) => ({ list: (prefix, after) => remote.list(prefix, after === "" ? after : `${after}0`) }),
    ],
    [
      "lists without order",
      "read only",
      (remote) => ({
        list: async function* (prefix, after) {
          const all = [];
          for await (const each of remote.list(prefix, after)) all.push(each);
          yield* all.reverse();
        },
      }),
    ],
    ["does not delete", "read only", () => ({ delete: async () => undefined })],
    [
      "allows no create",
      "read only",
      () => ({
        create: async () => {
          throw remoteError("DENIED", "memory:", "no");
        },
      }),
    ],
  ])("one that %s", async (_, expected, change) => {
    const { verdict, findings } = await checkRemote(broken(change));
    expect(verdict).toBe(expected);
    expect(findings.some(({ level }) => level === "bad")).toBe(true);
  });

  test("one that does not answer is not judged", async () => {
    const remote = memoryRemote();
    remote.read = async () => {
      throw remoteError("UNREACHABLE", "memory:", "gone");
    };
    await expect(checkRemote(() => remote)).rejects.toMatchObject({ code: "UNREACHABLE" });
  });
});

describe.skipIf(!isInstalled("s3rver"))(`a server that heeds no condition (${needs("s3rver")})`, () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3rver();
  });

  test("it is found out", async () => {
    const heard: string[] = [];
    const { verdict } = await checkRemote(() => openBucket(server, "bucket"), {
      onFinding: ({ level, detail }) => level === "bad" && heard.push(detail),
    });
    // It does not heed ranges behind the end either.
    expect(verdict).toBe("read only");
    expect(heard).toHaveLength(2);
    expect(heard).toContain("of 32 creates of one key 32 were told that they won");
  });

  test("its only writer does not replace what is there", async () => {
    const remote = openBucket(server, "bucket", { writers: "one" }, "only-writer");
    expect(remote.traits.creates).toBe("by one writer");
    expect(await remote.create("a/0", new Uint8Array([1]))).toBe("created");
    expect(await remote.create("a/0", new Uint8Array([2]))).toBe("exists");
    expect(await remote.read("a/0")).toEqual(new Uint8Array([1]));
    await remote.close();
  });
});

describe.skipIf(!isInstalled("versitygw"))(`a server that heeds conditions (${needs("versitygw")})`, () => {
  test("it is fine, with large bodies too", async () => {
    const server = await startVersitygw();
    await makeBucket(server, "bucket");
    const { verdict, findings } = await checkRemote(() => openBucket(server, "bucket"), { large: true });
    expect(findings.filter(({ level }) => level !== "fine")).toEqual([]);
    expect(verdict).toBe("fine");
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { remoteChecks } from "../../src/testing/index.ts";
import { makeBucket, openBucket } from "../support/buckets.ts";
import { randomBytesOf } from "../support/random.ts";
import { wrappedPlace } from "../support/remotes.ts";
import { isInstalled, needs, type S3Server, startVersitygw } from "../support/servers.ts";

describe.skipIf(!isInstalled("versitygw"))(`a bucket of a real server (${needs("versitygw")})`, () => {
  let server: S3Server;
  let buckets = 0;
  beforeAll(async () => {
    server = await startVersitygw();
  });

  const freshBucket = async (): Promise<string> => {
    const bucket = `bucket-${++buckets}`;
    await makeBucket(server, bucket);
    return bucket;
  };

  describe("is a remote", () => {
    test.each(remoteChecks)("$name", async ({ check }) => {
      const bucket = await freshBucket();
      await check({ open: () => openBucket(server, bucket) });
    });
  });

  describe("is a remote below a prefix and behind every wrapper", () => {
    test.each(remoteChecks)("$name", async ({ check }) => {
      const bucket = await freshBucket();
      await check(wrappedPlace({ open: () => openBucket(server, bucket, {}, "some/prefix") }));
    });
  });

  test("a large body goes in parts, once", async () => {
    const bucket = await freshBucket();
    const remote = openBucket(server, bucket);
    const bytes = randomBytesOf(1, 20 * 1024 * 1024 + 3);
    const answers = await Promise.all([remote.create("a/0", bytes), remote.create("a/0", bytes)]);
    expect(answers.sort()).toEqual(["created", "exists"]);
    expect(Buffer.compare((await remote.read("a/0")) as Uint8Array, bytes)).toBe(0);
    expect(await remote.create("a/0", bytes)).toBe("exists");
    await remote.close();
  });
});

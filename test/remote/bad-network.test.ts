/** Real servers behind a network that cuts, delays and repeats at seeded places: every call ends right or cleanly. */
import { beforeAll, describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import { type Remote, retryingRemote } from "../../src/remote/index.ts";
import { memoryPlace } from "../../src/testing/index.ts";
import { makeBucket, openBucket } from "../support/buckets.ts";
import { type ConnectionFate, proxy } from "../support/proxy.ts";
import { randomBytesOf, seeded } from "../support/random.ts";
import { openServed, served } from "../support/served.ts";
import { isInstalled, needs, type S3Server, type SshServer, startSshd, startVersitygw } from "../support/servers.ts";
import { freshFolder, openOverSsh } from "../support/ssh.ts";

/** A fresh place on a server: behind a port in the proxy's place, and as it really is. */
interface Place {
  readonly port: number;
  through(port: number): Remote;
  directly(): Remote;
}

const small = randomBytesOf(1, 300);
const middle = randomBytesOf(2, 200_000);

/** What becomes of the first connections of a seed; later ones are left alone, so that retries come to an end. */
function fatesOf(seed: number, handshakeBytes: number): (connection: number) => ConnectionFate {
  const random = seeded(seed);
  const fates = Array.from({ length: 3 }, (): ConnectionFate => {
    // Half of them early, among heads and handshakes, half of them somewhere in the bodies.
    const at = handshakeBytes + (random(2) === 0 ? random(3000) : random(450_000));
    const isPolite = random(2) === 0;
    switch (random(4)) {
      case 0:
        return { cutUpAt: at, isPolite };
      case 1:
        return { cutDownAt: at, isPolite };
      case 2:
        return { cutDownAt: random(600), isPolite };
      default:
        return { delayMs: 1, pieceBytes: 500 + random(5000), cutUpAt: at };
    }
  });
  return (connection) => fates[connection] ?? {};
}

/** Runs through all calls; each result is right, or a clean error. */
async function exercise(remote: Remote, mayFail: boolean): Promise<void> {
  const call = async <Result>(run: () => Promise<Result>): Promise<Result | "failed"> => {
    try {
      return await run();
    } catch (error) {
      expect(isArtifoldError(error, "UNREACHABLE"), String(error)).toBe(true);
      expect(mayFail).toBe(true);
      return "failed";
    }
  };
  for (const [key, bytes] of [
    ["a/small", small],
    ["a/middle", middle],
  ] as const) {
    const made = await call(() => remote.create(key, bytes));
    if (!mayFail) expect(made).toBe("created");
    const read = await call(() => remote.read(key));
    if (made === "created" && read !== "failed") expect(Buffer.compare(read as Uint8Array, bytes)).toBe(0);
    else if (read instanceof Uint8Array) expect(Buffer.compare(read, bytes)).toBe(0);
    const range = await call(() => remote.read(key, { offset: 100, length: 150 }));
    if (range instanceof Uint8Array) expect(Buffer.compare(range, bytes.subarray(100, 250))).toBe(0);
    if (!mayFail) expect(await call(() => remote.create(key, new Uint8Array(5)))).toBe("exists");
  }
  const listed = await call(async () => {
    const keys: string[] = [];
    for await (const { key, size } of remote.list("")) keys.push(`${key}:${size}`);
    return keys;
  });
  if (listed !== "failed")
    expect([[], ["a/middle:200000"], ["a/small:300"], ["a/middle:200000", "a/small:300"]]).toContainEqual(listed);
  if (!mayFail) expect(listed).toHaveLength(2);
}

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);

function badNetwork(fresh: () => Promise<Place>, handshakeBytes = 0): void {
  test.each(SEEDS)("seed %i: every call ends right or cleanly", async (seed) => {
    const place = await fresh();
    const { port } = await proxy(place.port, fatesOf(seed, handshakeBytes));
    const remote = place.through(port);
    await exercise(remote, true);
    await remote.close();
    // Whatever was told, what is there is whole.
    const direct = place.directly();
    for await (const { key } of direct.list("")) {
      expect(Buffer.compare((await direct.read(key)) as Uint8Array, key === "a/small" ? small : middle)).toBe(0);
    }
    await direct.close();
  });

  test.each(SEEDS)("seed %i: with retries every call ends right", async (seed) => {
    const place = await fresh();
    const { port } = await proxy(place.port, fatesOf(seed, handshakeBytes));
    const remote = retryingRemote(place.through(port), { pauseMs: 1 });
    await exercise(remote, false);
    await remote.close();
  });

  test("an answer that is always lost is told as such, and what was created is whole or absent", async () => {
    for (const at of [0, 1, 20, 100]) {
      const place = await fresh();
      const { port } = await proxy(place.port, () => ({ cutDownAt: handshakeBytes + at }));
      const remote = retryingRemote(place.through(port), { pauseMs: 1, triesMax: 3 });
      const result = await remote.create("a/small", small).catch((error: unknown) => error);
      const direct = place.directly();
      const there = await direct.read("a/small");
      if (result === "created") expect(there).toEqual(small);
      else {
        expect(result).toMatchObject({ code: "UNREACHABLE" });
        if ((result as { happened: string }).happened === "no") expect(there).toBeUndefined();
        if (there !== undefined) expect(there).toEqual(small);
      }
      await remote.close();
      await direct.close();
    }
  });
}

describe("a server of ours", () => {
  const fresh = async (): Promise<Place> => {
    const place = memoryPlace();
    const server = await served(place.open());
    return {
      port: Number(new URL(server.url).port),
      through: (port) => openServed({ url: `http://127.0.0.1:${port}` }),
      directly: () => place.open(),
    };
  };
  badNetwork(fresh);

  test("requests that come twice do no harm", async () => {
    const place = await fresh();
    const { port } = await proxy(place.port, () => ({ isRepeated: true }));
    const remote = place.through(port);
    // The copy may come first: then the answer is that the key exists, and it has our bytes.
    expect(["created", "exists"]).toContain(await remote.create("a/0", small));
    expect(await remote.read("a/0")).toEqual(small);
    await remote.delete("a/0");
    expect(await remote.read("a/0")).toBeUndefined();
    await remote.close();
  });
});

describe.skipIf(!isInstalled("versitygw"))(`a bucket (${needs("versitygw")})`, () => {
  let server: S3Server;
  let buckets = 0;
  beforeAll(async () => {
    server = await startVersitygw();
  });
  badNetwork(async () => {
    const bucket = `bucket-${++buckets}`;
    await makeBucket(server, bucket);
    return {
      port: Number(new URL(server.endpoint).port),
      through: (port) => openBucket({ ...server, endpoint: `http://127.0.0.1:${port}` }, bucket),
      directly: () => openBucket(server, bucket),
    };
  });
});

describe.skipIf(!isInstalled("sshd"))(`a folder over SFTP (${needs("sshd")})`, () => {
  let server: SshServer;
  beforeAll(async () => {
    server = await startSshd();
  });
  badNetwork(async () => {
    const folder = freshFolder(server);
    // The proxy has another port: the host has to be known by that too.
    const sftp = { identityFiles: [server.keyFile], knownHostsFiles: [`${folder}.hosts`], acceptNewHosts: true };
    return {
      port: server.port,
      through: (port) => openOverSsh(server, folder, { sftp }, port),
      directly: () => openOverSsh(server, folder),
    };
  }, 2500);
});

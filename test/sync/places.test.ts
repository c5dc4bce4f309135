/** Push and pull on every kind of place: a folder, our server, a real S3 server, a real SSH server. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import { isArtifoldError } from "../../src/errors.ts";
import type { Version } from "../../src/index.ts";
import { openFolderRemote } from "../../src/remote/folder.ts";
import { type Remote, retryingRemote } from "../../src/remote/index.ts";
import { memoryPlace } from "../../src/testing/index.ts";
import { makeBucket, openBucket } from "../support/buckets.ts";
import { type ConnectionFate, proxy } from "../support/proxy.ts";
import { randomBytesOf } from "../support/random.ts";
import { openServed, served } from "../support/served.ts";
import { isInstalled, needs, startSshd, startVersitygw } from "../support/servers.ts";
import { freshFolder, openOverSsh } from "../support/ssh.ts";
import { all, openScratch, pathsOf, scratch, textsOf, uploadFiles } from "../support/stores.ts";

/** A fresh place, and how to open it; behind a port in the proxy's place where it has one. */
interface Place {
  open(): Promise<Remote> | Remote;
  readonly port?: number;
  through?(port: number): Remote;
}

const kinds: readonly (readonly [name: string, isThere: boolean, make: () => Promise<Place>])[] = [
  [
    "a folder",
    true,
    async () => {
      const folder = path.join(scratch(), "place");
      mkdirSync(folder);
      return { open: () => openFolderRemote(folder) };
    },
  ],
  [
    "our server",
    true,
    async () => {
      const { url } = await served(memoryPlace().open());
      const through = (port: number): Remote => openServed({ url: `http://127.0.0.1:${port}` });
      return { open: () => openServed({ url }), port: Number(new URL(url).port), through };
    },
  ],
  [
    `a real S3 server (${needs("versitygw")})`,
    isInstalled("versitygw"),
    async () => {
      const server = await startVersitygw();
      const bucket = `bucket-${process.pid}-${++made}`;
      await makeBucket(server, bucket);
      const port = Number(new URL(server.endpoint).port);
      const through = (other: number): Remote =>
        openBucket({ ...server, endpoint: `http://127.0.0.1:${other}` }, bucket);
      return { open: () => openBucket(server, bucket), port, through };
    },
  ],
  [
    `a real SSH server (${needs("sshd")})`,
    isInstalled("sshd"),
    async () => {
      const server = await startSshd();
      const folder = freshFolder(server);
      const sftp = { identityFiles: [server.keyFile], knownHostsFiles: [`${folder}.hosts`], acceptNewHosts: true };
      const through = (port: number): Remote => openOverSsh(server, folder, { sftp }, port);
      return { open: () => openOverSsh(server, folder), port: server.port, through };
    },
  ],
];
let made = 0;

/** Has something done with a remote, and closes it. */
async function withRemote<Result>(remote: Remote | Promise<Remote>, action: (remote: Remote) => Promise<Result>) {
  const opened = await remote;
  try {
    return await action(opened);
  } finally {
    await opened.close();
  }
}

const big = randomBytesOf(7, 3_000_000);

async function expectSame(left: Version, right: Version): Promise<void> {
  expect(right.id).toBe(left.id);
  expect(await textsOf(right)).toEqual(await textsOf(left));
}

describe.each(kinds.filter(([, isThere]) => isThere))("%s", (_name, _isThere, make) => {
  test("takes versions and gives them back, byte for byte", async () => {
    const place = await make();
    const [one, two] = [await openScratch(), await openScratch()];
    await uploadFiles(one, { big, "a/b.txt": "b", zero: "" });
    const pushed = await withRemote(place.open(), (remote) => one.push({ remote }));
    expect(pushed.versions).toHaveLength(1);
    await uploadFiles(one, { big, "a/b.txt": "changed" });
    const second = await withRemote(place.open(), (remote) => one.push({ remote }));
    expect(second.sentBytes).toBeLessThan(64 * 1024);
    await withRemote(place.open(), (remote) => two.pull({ remote }));
    for (const tag of ["V1", "V2"])
      await expectSame(await one.resolve(`sample:${tag}`), await two.resolve(`sample:${tag}`));
    expect((await two.verify()).ok).toBe(true);
    const nothing = await withRemote(place.open(), (remote) => one.push({ remote }));
    expect(nothing).toMatchObject({ versions: [], sentBytes: 0 });
    expect(nothing.requests).toBeLessThanOrEqual(5);
  });

  test("takes 32 writers at once: every version is there, and the newest has every path", {
    timeout: 240_000,
  }, async () => {
    const place = await make();
    const first = await openScratch();
    await uploadFiles(first, { base: "base" });
    await withRemote(place.open(), (remote) => first.push({ remote }));
    const remotes = await Promise.all(Array.from({ length: 8 }, () => place.open()));
    try {
      const ids = await Promise.all(
        Array.from({ length: 32 }, async (_, at) => {
          const [store, remote] = [await openScratch(), remotes[at % 8] as Remote];
          await store.pull({ remote });
          await using draft = await store.artifact({ name: "sample", type: "dataset" });
          await draft.add(Buffer.from(`${at}`), { as: `file-${at}` });
          const { id } = await draft.upload();
          const { versions } = await store.push({ remote });
          expect(versions.map((version) => version.id)).toContain(id as Digest);
          return id as Digest;
        }),
      );
      await first.pull({ remote: remotes[0] as Remote });
      const versions = (await all(first.versions("sample"))).reverse();
      expect(versions.map(({ number }) => number)).toEqual(versions.map((_, at) => at + 1));
      const there = new Set(versions.map(({ id }) => id));
      for (const id of ids) expect(there.has(id)).toBe(true);
      const paths = await pathsOf(versions.at(-1) as Version);
      expect(paths.sort()).toEqual(["base", ...Array.from({ length: 32 }, (_, at) => `file-${at}`)].sort());
    } finally {
      for (const remote of remotes) await remote.close();
    }
  });

  test("is never left in between behind a network that cuts, and what was cut goes on", {
    timeout: 240_000,
  }, async () => {
    const place = await make();
    const { port, through } = place;
    if (port === undefined || through === undefined) return;
    const one = await openScratch();
    await uploadFiles(one, { big, "a/b.txt": "b" });
    for (let seed = 0; seed < 8; seed++) {
      await uploadFiles(one, { big, "a/b.txt": `${seed}`, [`more-${seed}`]: randomBytesOf(seed, 200_000) });
      const bad = await proxy(port, fatesOf(seed));
      await orUnreachable(withRemote(through(bad.port), (remote) => one.push({ remote: retryingRemote(remote) })));
      await withRemote(place.open(), (remote) => one.push({ remote }));
      const two = await openScratch();
      const cut = await proxy(port, fatesOf(seed + 100));
      await orUnreachable(withRemote(through(cut.port), (remote) => two.pull({ remote: retryingRemote(remote) })));
      await withRemote(place.open(), (remote) => two.pull({ remote }));
      await expectSame(await one.resolve("sample"), await two.resolve("sample"));
      expect((await two.verify({ quick: true })).ok).toBe(true);
    }
    const numbers = (await all(one.versions("sample"))).map((version: Version) => version.number).reverse();
    expect(numbers).toEqual(numbers.map((_, at) => at + 1));
  });
});

/** What SSH needs before a host can be told from another. */
const HANDSHAKE_BYTES = 2500;

/** What becomes of the first connections of a seed; later ones are left alone, so that tries come to an end. */
function fatesOf(seed: number): (connection: number) => ConnectionFate {
  const words = new DataView(randomBytesOf(seed * 7919 + 3, 256).buffer);
  return (connection) => {
    if (connection > 2) return {};
    const at = HANDSHAKE_BYTES + (words.getUint32(connection * 8, true) % 400_000);
    const which = words.getUint32(connection * 8 + 4, true) % 4;
    if (which === 0) return { cutUpAt: at, isPolite: true };
    if (which === 1) return { cutUpAt: at };
    if (which === 2) return { cutDownAt: HANDSHAKE_BYTES + (at % 20_000) };
    return { delayMs: 1, pieceBytes: 4000, cutUpAt: at };
  };
}

/** A call that a bad network may end, cleanly. */
async function orUnreachable(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    expect(isArtifoldError(error, "UNREACHABLE"), String(error)).toBe(true);
  }
}

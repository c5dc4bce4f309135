/**
 * Pushes whose process is killed, at 200 seeded moments, over each kind of remote: what is there is whole after each of them
 * and shows the old versions or the new ones, the next push goes on, and what is sent twice is what was under way.
 *
 * The moment is a byte that goes to the remote or comes from it: a proxy lets that through and nothing after it, and the
 * process gets SIGKILL. For a folder the process does it itself, at a byte that it writes there or a call that it makes.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { openStore, type Version } from "../../src/index.ts";
import { PACK_PREFIX, packDigest, packOfKey } from "../../src/logs/index.ts";
import { openFolderRemote } from "../../src/remote/folder.ts";
import type { Remote } from "../../src/remote/index.ts";
import { REMOTE_PACK_BYTES_MAX } from "../../src/sync/new-pack.ts";
import { PACKS_AT_ONCE } from "../../src/sync/pack-sender.ts";
import { memoryPlace } from "../../src/testing/index.ts";
import { bucketUrl, makeBucket, openBucket } from "../support/buckets.ts";
import { type Ended, startCommand } from "../support/command.ts";
import { randomBytesOf, seeded } from "../support/random.ts";
import { served } from "../support/served.ts";
import { isInstalled, needs, type S3Server, type SshServer, startSshd, startVersitygw } from "../support/servers.ts";
import { freshFolder, openOverSsh } from "../support/ssh.ts";
import { all, openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";
import { type Moment, Toll } from "../support/toll.ts";

/** What a command did before it ended. */
interface Attempt extends Ended {
  /** Bytes to the remote, and from it; of a folder, calls in the place of the latter. */
  readonly up: number;
  readonly down: number;
}

/** A fresh place to push to. */
interface Place {
  readonly url: string;
  /** Runs a push of a store that knows the place as "hub", and kills it when it comes to the moment. */
  push(store: string, moment: Moment | undefined): Promise<Attempt>;
  /** Opens the place, past whatever counts. */
  directly(): Promise<Remote>;
}

/** Kills of pushes of little, and of pushes of several packs, on each kind. */
const SMALL_KILLS = 40;
const LARGE_KILLS = 10;
const MIB: number = 1024 * 1024;
/** Six packs, so that some are there when the last are under way. */
const LARGE_BYTES: number = 84 * MIB;
/** Heads of requests, handshakes, logs and the index beside the packs of one push. */
const BESIDE_BYTES: number = 256 * 1024;

const PUSH = ["push", "hub", "--json"];

/** A place behind a proxy. */
async function tolled(
  target: number,
  how: (port: number) => { url: string; environment?: NodeJS.ProcessEnv },
  directly: () => Promise<Remote>,
): Promise<Place> {
  const toll = await Toll.before(target);
  const { url, environment } = how(toll.port);
  return {
    url,
    directly,
    async push(store, moment) {
      const { child, ended } = startCommand(store, PUSH, undefined, environment);
      toll.open(moment, () => child.kill("SIGKILL"));
      const end = await ended;
      await toll.quiet();
      return { ...end, ...toll.passed };
    },
  };
}

const kinds: Record<string, { readonly ready?: () => Promise<void>; readonly fresh: () => Promise<Place> }> = {
  "a folder": {
    async fresh() {
      const around = scratch();
      const [folder, counts] = ["place", "counts"].map((name) => path.join(around, name)) as [string, string];
      mkdirSync(folder);
      const hook = pathToFileURL(path.join(import.meta.dirname, "..", "support", "kill-at.mjs"));
      return {
        url: folder,
        directly: () => openFolderRemote(folder),
        async push(store, moment) {
          const end = await startCommand(store, PUSH, undefined, {
            NODE_OPTIONS: `--import ${hook}`,
            KILL_BELOW: folder,
            KILL_COUNTS: counts,
            ...(moment && { KILL_WAY: moment.way, KILL_AT: `${moment.at}` }),
          }).ended;
          return { ...end, ...(JSON.parse(readFileSync(counts, "utf8")) as { up: number; down: number }) };
        },
      };
    },
  },
  "a server of ours": {
    async fresh() {
      const place = memoryPlace();
      const { url } = await served(place.open(), { authorize: () => "yes" });
      const how = (port: number): { url: string } => ({ url: `http://127.0.0.1:${port}` });
      return tolled(Number(new URL(url).port), how, async () => place.open());
    },
  },
};

let s3: S3Server;
let buckets = 0;
if (isInstalled("versitygw")) {
  kinds["a bucket"] = {
    async ready() {
      s3 = await startVersitygw();
    },
    async fresh() {
      const bucket = `bucket-${++buckets}`;
      await makeBucket(s3, bucket);
      const how = (port: number): { url: string; environment: NodeJS.ProcessEnv } => ({
        url: bucketUrl({ ...s3, endpoint: `http://127.0.0.1:${port}` }, bucket),
        environment: { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey },
      });
      return tolled(Number(new URL(s3.endpoint).port), how, async () => openBucket(s3, bucket));
    },
  };
}

let ssh: SshServer;
if (isInstalled("sshd")) {
  kinds["a folder over SFTP"] = {
    async ready() {
      ssh = await startSshd();
    },
    async fresh() {
      const folder = freshFolder(ssh);
      const home = scratch();
      mkdirSync(path.join(home, ".ssh"), { mode: 0o700 });
      copyFileSync(ssh.keyFile, path.join(home, ".ssh", "id_ed25519"));
      const how = (port: number): { url: string; environment: NodeJS.ProcessEnv } => {
        const [, type, key] = readFileSync(ssh.knownHosts, "utf8").split(" ");
        writeFileSync(path.join(home, ".ssh", "known_hosts"), `[127.0.0.1]:${port} ${type} ${key}`);
        return {
          url: `sftp://${ssh.user}@127.0.0.1:${port}${folder}`,
          environment: { HOME: home, SSH_AUTH_SOCK: "" },
        };
      };
      return tolled(ssh.port, how, async () => openOverSsh(ssh, folder));
    },
  };
}

test("all kinds are here", () => {
  expect(Object.keys(kinds), `${needs("versitygw")}; ${needs("sshd")}`).toHaveLength(4);
});

/** A version as it should come out of a remote: its id and its files. */
type Known = readonly [id: string, texts: Record<string, string>];

/** A store with its pushes to one place, and what all that look at the place may see. */
class Line {
  readonly place: Place;
  readonly folder: string = scratch();
  /** Versions in the order of their numbers. */
  readonly versions: Known[] = [];
  /** How many of them were pushed. */
  pushed = 0;
  /** Packs whose bytes were looked at. */
  readonly #looked = new Map<string, number>();

  constructor(place: Place) {
    this.place = place;
  }

  async upload(files: Record<string, Uint8Array>): Promise<void> {
    const store = await openStore(this.folder, { workers: 0 });
    try {
      if (this.versions.length === 0) await store.remotes.add("hub", this.place.url);
      await using draft = await store.artifact({ name: "sample", type: "dataset" });
      for (const [as, bytes] of Object.entries(files)) await draft.add(bytes, { as });
      const { version } = await draft.upload();
      this.versions.push(await knownOf(await store.getArtifact({ name: "sample", tag: version })));
    } finally {
      await store.close();
    }
  }

  /** Pushes, and looks at what is there then. */
  async push(moment: Moment | undefined): Promise<Attempt> {
    const attempt = await this.place.push(this.folder, moment);
    if (attempt.signal === null) {
      expect(attempt, attempt.stderr).toMatchObject({ code: 0 });
      this.pushed = this.versions.length;
    }
    await this.look();
    return attempt;
  }

  /** Bytes of all packs that are there. */
  get packBytes(): number {
    return [...this.#looked.values()].reduce((sum, size) => sum + size, 0);
  }

  /** Whatever is there is whole, and a store that is new to it finds what was there before, or all. */
  async look(): Promise<void> {
    const remote = await this.place.directly();
    for (const { key, size } of await packsOf(remote)) {
      if (this.#looked.has(key)) continue;
      const bytes = (await remote.read(key)) as Uint8Array;
      expect(hashContent(bytes)).toBe(packDigest(packOfKey(key) as never));
      this.#looked.set(key, size);
    }
    const fresh = await openStore(scratch(), { workers: 0 });
    try {
      const { versions } = await fresh.pull({ remote });
      expect([this.pushed, this.versions.length]).toContain(versions.length);
      const there: Known[] = [];
      for (const { ref } of versions) there.push(await knownOf(await fresh.resolve(ref)));
      expect(there).toEqual(this.versions.slice(0, versions.length));
      if (versions.length > this.pushed) this.pushed = versions.length;
    } finally {
      await fresh.close();
      await remote.close();
    }
  }
}

async function knownOf(version: Version): Promise<Known> {
  const digests: Record<string, string> = {};
  for (const [name, text] of Object.entries(await textsOf(version))) {
    digests[name] = hashContent(Buffer.from(text, "latin1"));
  }
  return [version.id, digests];
}

/** Bytes of the packs that a push of these files makes that nobody interrupts. */
async function cleanBytes(files: Record<string, Uint8Array>): Promise<number> {
  const [store, place] = [await openScratch(), memoryPlace()];
  await uploadFiles(store, files);
  await store.push({ remote: place.open() });
  return (await packsOf(place.open())).reduce((sum, { size }) => sum + size, 0);
}

function packsOf(remote: Remote): Promise<{ key: string; size: number }[]> {
  return all(remote.list(PACK_PREFIX));
}

describe.each(Object.entries(kinds))("%s", (name, { ready, fresh }) => {
  beforeAll(async () => ready?.());
  const random = seeded(name.length);

  test(`${SMALL_KILLS} pushes of a few files, one version after another`, { timeout: 240_000 }, async () => {
    const line = new Line(await fresh());
    /** What the last push that ended sent beside its content, and what came: moments are chosen by it. */
    let beside = { up: 2500, down: 1000 };
    for (let [round, kills] = [0, 0]; kills < SMALL_KILLS; round++) {
      const bytes = [300, 6000, 900_000, 120_000][round % 4] as number;
      await line.upload({ [`file-${round % 7}`]: randomBytesOf(round + 1, bytes), last: Buffer.from(`${round}`) });
      // Anywhere, behind most of the content, by what comes back, or at the last of that.
      const moments: readonly (() => Moment)[] = [
        () => ({ way: "up", at: 1 + random(bytes + beside.up) }),
        () => ({ way: "up", at: bytes + random(beside.up) }),
        () => ({ way: "down", at: 1 + random(beside.down) }),
        () => ({ way: "down", at: beside.down - random(Math.ceil(beside.down / 20)) }),
      ];
      for (let left = 6; ; left--) {
        const moment = left === 0 ? undefined : moments[random(moments.length)]?.();
        const { up, down, signal } = await line.push(moment);
        if (signal === null) {
          beside = { up: Math.max(1000, up - bytes), down };
          break;
        }
        kills++;
      }
    }
  });

  test(`${LARGE_KILLS} pushes of several packs`, { timeout: 240_000 }, async () => {
    for (let kills = 0; kills < LARGE_KILLS; ) {
      const line = new Line(await fresh());
      // What a place can do is tried out before the first push that counts.
      await line.upload({ small: Buffer.from("small") });
      await line.push(undefined);
      const files = Array.from({ length: 10 }, (_, at) => [`file-${at}`, randomBytesOf(at + 1, LARGE_BYTES / 10)]);
      await line.upload(Object.fromEntries(files));
      const clean = await cleanBytes(Object.fromEntries(files));
      for (;;) {
        // Late enough, one time with another, for packs to arrive: else it would never come to an end.
        const moment: Moment = { way: "up", at: 1 + random(LARGE_BYTES + MIB) };
        const before = line.packBytes;
        const { up, signal } = await line.push(kills === LARGE_KILLS ? undefined : moment);
        const lost = up - (line.packBytes - before);
        expect(lost).toBeLessThan(PACKS_AT_ONCE * REMOTE_PACK_BYTES_MAX + BESIDE_BYTES);
        if (signal === null) break;
        kills++;
      }
      // Nothing that had arrived was sent again, however often it began anew.
      expect(line.packBytes).toBeLessThan(clean + BESIDE_BYTES);
    }
  });
});

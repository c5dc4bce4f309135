/**
 * Hostile remotes of each kind: whatever their logs, their index and their content say, a pull brings what is right, or is
 * refused; nothing is written outside, no wrong bytes come out, and what was here before is as it was.
 */
import { readdirSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { openStore, type Store, Version } from "../../src/index.ts";
import {
  artifactLog,
  encodeMark,
  type LogEvent,
  MARK_KEY,
  type PackName,
  packName,
  slotKey,
} from "../../src/logs/index.ts";
import { Encoder } from "../../src/manifest/index.ts";
import { openFolderRemote } from "../../src/remote/folder.ts";
import type { Remote } from "../../src/remote/index.ts";
import { encodeIndexRun } from "../../src/sync/index-run.ts";
import { memoryPlace } from "../../src/testing/index.ts";
import { makeBucket, openBucket } from "../support/buckets.ts";
import {
  ARTIFACT,
  ARTIFACT_SLOT,
  hostileKeys,
  type Keys,
  type Lies,
  NAMES_SLOT,
  slot,
  slotOf,
} from "../support/hostile-place.ts";
import { hostileVersions } from "../support/hostile-versions.ts";
import { openServed, served } from "../support/served.ts";
import { isInstalled, needs, type S3Server, type SshServer, startSshd, startVersitygw } from "../support/servers.ts";
import { freshFolder, openOverSsh } from "../support/ssh.ts";
import { all, openScratch, scratch, textsOf, uploadFiles } from "../support/stores.ts";

/** A place of some kind that has these keys. */
type Show = (keys: Keys) => Promise<() => Promise<Remote> | Remote>;

async function put(keys: Keys, remote: Remote): Promise<void> {
  for (const [key, bytes] of keys) await remote.create(key, bytes);
  await remote.close();
}

let s3: S3Server;
let ssh: SshServer;
let prefixes = 0;
interface Kind {
  readonly name: string;
  readonly isThere: boolean;
  readonly show: Show;
  readonly ready?: () => Promise<void>;
}

const kinds: readonly Kind[] = [
  {
    name: "a folder",
    isThere: true,
    show: async (keys) => {
      const folder = scratch();
      await put(keys, await openFolderRemote(folder));
      return () => openFolderRemote(folder);
    },
  },
  {
    name: "a server",
    isThere: true,
    show: async (keys) => {
      const place = memoryPlace();
      await put(keys, place.open());
      const server = await served(place.open());
      return () => openServed(server);
    },
  },
  {
    name: `a bucket (${needs("versitygw")})`,
    isThere: isInstalled("versitygw"),
    show: async (keys) => {
      const prefix = `prefix-${++prefixes}`;
      await put(keys, openBucket(s3, "bucket", {}, prefix));
      return () => openBucket(s3, "bucket", {}, prefix);
    },
    ready: async () => {
      s3 = await startVersitygw();
      await makeBucket(s3, "bucket");
    },
  },
  {
    name: `a folder over SFTP (${needs("sshd")})`,
    isThere: isInstalled("sshd"),
    show: async (keys) => {
      const folder = freshFolder(ssh);
      await put(keys, await openFolderRemote(folder));
      return () => openOverSsh(ssh, folder);
    },
    ready: async () => {
      ssh = await startSshd();
    },
  },
];

/** What a pull of one comes to. */
interface Case extends Lies {
  /** The code of the pull's refusal; "all" where it brings the version as it is. */
  readonly pull: readonly string[];
}

const all1: Case = { pull: ["all"] };
const refused = (lies: Lies): Case => ({ ...lies, pull: ["DAMAGED"] });
const newer = (lies: Lies): Case => ({ ...lies, pull: ["FORMAT_UNSUPPORTED"] });
const taken = (lies: Lies): Case => ({ ...lies, pull: ["all"] });
const other = hashContent(Buffer.from("another"));

/** An event of a kind, behind which something else is written. */
function event(kind: number, length: number, write: (encoder: Encoder) => void): Uint8Array {
  const encoder = new Encoder();
  encoder.array(1 + length);
  encoder.uint(kind);
  write(encoder);
  return encoder.bytes();
}

/** The mark with another format, with needs, or as it is. */
function mark({
  format = 1,
  needs: list = [],
  count = list.length,
}: {
  format?: number;
  needs?: string[];
  count?: number;
} = {}): Uint8Array {
  const encoder = new Encoder();
  encoder.array(4);
  encoder.uint(6);
  encoder.uint(format);
  encoder.digest(other);
  encoder.array(count);
  for (const need of list) encoder.string(need);
  return encoder.bytes();
}

const withMark = (bytes: Uint8Array): Lies => ({ change: (keys) => void keys.set(MARK_KEY, bytes) });
const withSlot = (bytes: Uint8Array, key = ARTIFACT_SLOT): Lies => ({ change: (keys) => void keys.set(key, bytes) });
const withMore = (...events: (LogEvent | Uint8Array)[]): Lies => ({ more: () => events });
const plus = (bytes: Uint8Array, more: number): Uint8Array => Buffer.concat([bytes, Buffer.alloc(more)]);
/** A tag whose name is written by hand, and that is taken away. */
const tag = (hex: string): Uint8Array => event(4, 2, (encoder) => encoder.raw(Buffer.from(`${hex}c0`, "hex")));
/** A fence whose epoch is written by hand. */
const fence = (hex: string): Uint8Array => event(10, 1, (encoder) => encoder.raw(Buffer.from(hex, "hex")));

/** What a version is told to be called. */
const names = [
  "..",
  ".",
  "../../x",
  "/abs",
  "a/b",
  "a\\b",
  "C:x",
  "NUL",
  "a\0b",
  "a\nb",
  "\u001b[31mred",
  "<script>",
  "\u202egnp",
  "__proto__",
  "constructor",
  "latest",
  "V1",
  "👩‍👩‍👧‍👦".repeat(15),
];

function indexOf(keys: Keys): string {
  return [...keys.keys()].find((key) => key.startsWith("x/")) as string;
}

const pack: PackName = packName("0123456789abcdef", other);
const astray = { pack, offset: 2 ** 53 - 2, length: 2 ** 32 - 1, index: 2 ** 16, extra: 2 ** 32 - 1 };
const nearby = { ...astray, offset: 16, length: 100, index: 0, extra: 0 };

const logs: Readonly<Record<string, Case>> = {
  "nothing wrong": all1,
  "a mark of a later format": newer(withMark(mark({ format: 2 }))),
  "a mark that needs what is not known": newer(withMark(mark({ needs: ["__proto__"] }))),
  "a mark with a byte more": refused(withMark(plus(encodeMark({ id: other }), 1))),
  "a mark of needs without end": refused(withMark(mark({ count: 2 ** 32 - 1 }))),
  "an empty mark": refused(withMark(new Uint8Array(0))),
  "a mark of a gigabyte, it says": refused(withMark(Buffer.from("c63fffffff", "hex"))),
  "an even event that is not known": newer(withMore(event(98, 0, () => {}))),
  "an odd event that is not known": taken(withMore(event(99, 1, (encoder) => encoder.string("later")))),
  "an odd event 100,000 arrays deep": refused(
    withMore(Buffer.concat([event(99, 1, () => {}), Buffer.alloc(100_000, 0x91)])),
  ),
  "a float": refused(withMore(fence("cb3ff8000000000000"))),
  "a map": refused(withMore(tag("81a161a162"))),
  "a negative number": refused(withMore(fence("ff"))),
  "a text that is no UTF-8": refused(withMore(tag("a2c080"))),
  "half a surrogate": refused(withMore(tag("a3eda080"))),
  "a text of 4 GiB, it says": refused(withMore(tag("dbffffffff"))),
  "a number beyond all": refused(withMore(fence("cfffffffffffffffff"))),
  "a number in a longer form": refused(withMore(fence("cd0001"))),
  "no events": refused(withSlot(slot([]))),
  "4,294,967,295 events, it says": refused(withSlot(slotOf((encoder) => encoder.array(2 ** 32 - 1)))),
  "a slot of 17 MiB": refused({
    change: (keys) => void keys.set(ARTIFACT_SLOT, plus(keys.get(ARTIFACT_SLOT) as Uint8Array, 17 * 2 ** 20)),
  }),
  "a slot with a byte more": refused({
    change: (keys) => void keys.set(ARTIFACT_SLOT, plus(keys.get(ARTIFACT_SLOT) as Uint8Array, 1)),
  }),
  "an empty slot": refused(withSlot(new Uint8Array(0))),
  "a step of another log": refused({
    change: (keys) => void keys.set(ARTIFACT_SLOT, keys.get(NAMES_SLOT) as Uint8Array),
  }),
  "a gap before the first slot": refused({
    change(keys) {
      keys.set(slotKey(artifactLog(ARTIFACT), 5), keys.get(ARTIFACT_SLOT) as Uint8Array);
      keys.delete(ARTIFACT_SLOT);
    },
  }),
  "the same step again": refused({
    change: (keys) => void keys.set(slotKey(artifactLog(ARTIFACT), 2), keys.get(ARTIFACT_SLOT) as Uint8Array),
  }),
  "a first number that is not 1": refused({ number: 2 }),
  "the highest number of all": refused({ number: 2 ** 53 - 1 }),
  "no number": refused({ number: 0 }),
  "another artifact's version": refused({ record: { artifact: other } }),
  "a record of a later kind": newer({ record: { extras: [[2, new Uint8Array(1)]] as never } }),
  "a version twice": refused({
    more: (record) => [{ event: "version", number: 2, record, entries: 1, files: 1, bytes: 7, newBytes: 0 }],
  }),
  "a record that is none": refused(
    withMore({
      event: "version",
      number: 2,
      record: Buffer.alloc(500, 1),
      entries: 1,
      files: 1,
      bytes: 7,
      newBytes: 0,
    }),
  ),
  "a record of 3 MiB": refused(
    withMore({
      event: "version",
      number: 2,
      record: new Uint8Array(3 * 2 ** 20),
      entries: 1,
      files: 1,
      bytes: 7,
      newBytes: 0,
    }),
  ),
  "a tag of a version that is not there": refused(withMore({ event: "tag", tag: "prod", version: other })),
  "a removal of a version that is not there": refused(withMore({ event: "remove", version: other })),
  "a run that is none": refused(withMore({ event: "run", record: Buffer.alloc(100, 1), config: "{}", ending: null })),
  "a run's config that is no JSON": refused(
    withMore({ event: "run", record: Buffer.alloc(100, 1), config: "{", ending: null }),
  ),
  "metadata with names that objects have": taken({
    record: { metadata: JSON.parse('{"__proto__":{"x":1},"constructor":1,"toString":2}') },
  }),
  "sums that lie": refused({ sums: { entries: 2 ** 53 - 1, files: 2 ** 53 - 1, bytes: 2 ** 53 - 1 } }),
  "hints that lead beyond everything": taken({
    hints: () => ({ index: { epoch: 2 ** 53 - 1, slot: 2 ** 53 - 1 }, roots: [{ place: astray }] }),
  }),
  "hints that lead to a pack that is not there": taken({
    hints: () => ({ roots: [{ place: nearby, children: [nearby, astray] }] }),
  }),
  "hints with another root": taken({
    hints: () => ({ roots: [{ place: nearby, node: Buffer.alloc(500, 1), children: [] }] }),
  }),
  "an index that says less than all": refused({
    change: (keys) =>
      void keys.set(indexOf(keys), encodeIndexRun({ from: 1, others: [], packs: [], rows: [], rowCount: 0 })),
  }),
  "an index that stands beside itself": refused({
    change: (keys) =>
      void keys.set(
        indexOf(keys),
        encodeIndexRun({
          from: 1,
          others: [
            { slot: 1, rows: 5 },
            { slot: 2 ** 40, rows: 2 ** 31 },
          ],
          packs: [],
          rows: [],
          rowCount: 0,
        }),
      ),
  }),
  "an index whose packs are not there": refused({
    change: (keys) => [...keys.keys()].filter((key) => key.startsWith("p/")).forEach((key) => void keys.delete(key)),
  }),
  ...Object.fromEntries(
    names.map((name): [string, Case] => [`the name ${JSON.stringify(name)}`, taken({ names: { name } })]),
  ),
  "a name of 513 bytes": refused({ names: { name: "x".repeat(513) } }),
  "an empty name": refused({ names: { name: "" } }),
};

const versions = Object.fromEntries(
  Object.entries(hostileVersions).map(([name, { make, lists }]): [string, Case] => [
    name,
    { make, pull: lists === true ? ["DAMAGED", "all"] : ["DAMAGED"] },
  ]),
);

async function outcome(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    (value) => value,
    (error: { code?: string }) => error.code ?? error,
  );
}

/** What may come out of a hostile version's file: what its name says, or nothing. */
async function expectHarmless(store: Store, around: string, file: string | undefined): Promise<void> {
  for (const { team, experiment, type, name } of await all(store.artifacts())) {
    if (name === "good") continue;
    const version = await outcome(store.getArtifact({ team, experiment, type, name }));
    if (!(version instanceof Version)) {
      expect(["NOT_FOUND", "NAME_INVALID"]).toContain(version);
      continue;
    }
    const read = await outcome(version.read("file"));
    if (read instanceof Uint8Array) expect(Buffer.from(read).toString()).toBe(file);
    else expect(["DAMAGED", "NOT_FOUND"]).toContain(read);
    const result = await outcome(version.download(path.join(around, "target")));
    if (typeof result === "string") expect(["DAMAGED", "NOT_FOUND"]).toContain(result);
  }
  expect(readdirSync(around).filter((name) => name !== "target")).toEqual(["store"]);
}

describe.each(kinds.filter(({ isThere }) => isThere).map((kind) => [kind.name, kind] as const))(
  "%s",
  (_name, { show, ready }) => {
    beforeAll(async () => ready?.());

    test.each(Object.entries({ ...logs, ...versions }))("with %s", async (name, { pull, ...lies }) => {
      const open = await show(await hostileKeys(lies));
      const around = scratch();
      const store = await openScratch(path.join(around, "store"), { openRemote: async () => open() });
      await uploadFiles(store, { good: "good" }, "good");
      await store.remotes.add("hub", "/hub");
      const result = await outcome(store.pull());
      expect(pull, String((result as Error).stack ?? result)).toContain(typeof result === "string" ? result : "all");
      const file = name in hostileVersions ? hostileVersions[name]?.file : "content";
      await expectHarmless(store, around, file);
      const good = await store.resolve("good");
      expect(await textsOf(good)).toEqual({ good: "good" });
      expect((await store.verify({}, [good])).problems).toEqual([]);
      // Another process finds the store as it should be.
      await store.close();
      const again = await openStore(path.join(around, "store"), { workers: 0 });
      expect(await textsOf(await again.resolve("good"))).toEqual({ good: "good" });
      await again.close();
    });
  },
);

/** Remotes that no writer of ours made: all keys of one, under names that are right, with what a test has wrong in them. */
import { type Digest, hashContent } from "../../src/digest/index.ts";
import { encodeEvent } from "../../src/logs/event.ts";
import {
  type ArtifactEvent,
  artifactLog,
  encodeMark,
  encodeSlot,
  type LogEvent,
  MARK_KEY,
  NAMES_LOG,
  packKey,
  type StepHints,
  slotKey,
} from "../../src/logs/index.ts";
import {
  Encoder,
  encodeVersionRecord,
  NONCE_BYTES,
  type VersionRecord,
  writeExtras,
} from "../../src/manifest/index.ts";
import type { Remote } from "../../src/remote/index.ts";
import { addToIndex, readIndexTail } from "../../src/sync/index-tail.ts";
import { NewPack, REMOTE_PACK_BYTES_MAX } from "../../src/sync/new-pack.ts";
import { SentObjects } from "../../src/sync/sent-objects.ts";
import { memoryPlace } from "../../src/testing/index.ts";
import { HostileContent } from "./hostile-content.ts";
import { all } from "./stores.ts";

/** Keys and their bytes. */
export type Keys = Map<string, Uint8Array>;

/** What is wrong with a remote; what is left out is right. */
export interface Lies {
  /** Makes the version's content. Default: one file. */
  readonly make?: ((content: HostileContent) => Digest) | undefined;
  readonly names?: Partial<ArtifactEvent>;
  readonly record?: Partial<VersionRecord>;
  readonly number?: number;
  readonly sums?: { readonly entries: number; readonly files: number; readonly bytes: number };
  /** Events behind that of the version, as they are or as bytes. @param version its id's record */
  readonly more?: (record: Uint8Array) => readonly (LogEvent | Uint8Array)[];
  readonly hints?: (manifest: Digest) => StepHints;
  /** Has the last word on all keys. */
  readonly change?: (keys: Keys) => void;
}

const REMOTE_ID: Digest = hashContent(Buffer.from("a hostile remote"));
const GROUP = "0123456789abcdef";
export const ARTIFACT: Digest = hashContent(Buffer.from("hostile"));
/** The first slots of the two logs. */
export const NAMES_SLOT: string = slotKey(NAMES_LOG, 1);
export const ARTIFACT_SLOT: string = slotKey(artifactLog(ARTIFACT), 1);

/** Makes the keys of a remote with one artifact, "hostile", and a version of it. */
export async function hostileKeys(lies: Lies = {}): Promise<Keys> {
  const remote = memoryPlace().open();
  const content = new HostileContent();
  const make = lies.make ?? ((good: HostileContent) => good.leaf(good.file("file", "content")).digest);
  const manifest = make(content);
  await remote.create(MARK_KEY, encodeMark({ id: REMOTE_ID }));
  await putContent(remote, content);
  const names = { artifact: ARTIFACT, team: "local", experiment: "uncategorized", type: "dataset", name: "hostile" };
  await remote.create(NAMES_SLOT, slot([{ event: "artifact", ...names, home: REMOTE_ID, ...lies.names }]));
  const record = encodeVersionRecord({
    artifact: ARTIFACT,
    manifest,
    parents: [],
    createdAt: 0,
    createdBy: "somebody",
    message: "",
    metadata: {},
    nonce: new Uint8Array(NONCE_BYTES),
    ...lies.record,
  });
  const { entries, files, bytes } = lies.sums ?? content.sumsOf(manifest) ?? { entries: 1, files: 1, bytes: 7 };
  const version = { event: "version", number: lies.number ?? 1, record, entries, files, bytes, newBytes: 0 } as const;
  const events = [version, ...(lies.more?.(record) ?? [])];
  await remote.create(ARTIFACT_SLOT, slot(events, lies.hints?.(manifest)));
  const keys: Keys = new Map();
  for (const { key } of await all(remote.list(""))) keys.set(key, (await remote.read(key)) as Uint8Array);
  lies.change?.(keys);
  return keys;
}

/** The body of a first slot with these events. */
export function slot(events: readonly (LogEvent | Uint8Array)[], hints: StepHints = { roots: [] }): Uint8Array {
  return slotOf((encoder) => {
    encoder.array(events.length);
    for (const event of events) encoder.raw(event instanceof Uint8Array ? event : encodeEvent(event));
  }, hints);
}

/** The body of a first slot whose events are written by hand. */
export function slotOf(write: (encoder: Encoder) => void, hints: StepHints = { roots: [] }): Uint8Array {
  const encoder = new Encoder();
  encoder.array(7);
  encoder.uint(5);
  encoder.digest(REMOTE_ID);
  encoder.uint(0);
  encoder.string("somebody");
  encoder.binary(new Uint8Array(NONCE_BYTES));
  write(encoder);
  writeExtras(encoder, undefined);
  const core = encoder.bytes();
  return encodeSlot(core, hints);
}

async function putContent(remote: Remote, content: HostileContent): Promise<void> {
  const sent = new SentObjects();
  for (const kind of ["data", "nodes"] as const) {
    const own = content.encoded().filter(({ type }) => (type === "chunk") === (kind === "data"));
    if (own.length === 0) continue;
    const pack = new NewPack(kind, Buffer.alloc(REMOTE_PACK_BYTES_MAX));
    const number = sent.begin();
    for (const frames of own) sent.add(frames, number, pack.add(frames));
    const { name, bytes } = pack.seal(GROUP);
    sent.name(number, name);
    await remote.create(packKey(name), bytes);
  }
  if (sent.objectCount === 0) return;
  await addToIndex(remote, await readIndexTail(remote, 0, undefined, {}), sent.sorted(), {});
}

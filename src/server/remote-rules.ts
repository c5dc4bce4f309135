/**
 * What a server looks at before it takes a key of a remote: packs are what their names say, steps are well formed and come
 * next, and what they name is there. Readers check all of it again: this spares them from writers that are broken.
 */
import { hashContent } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import {
  blockOfKey,
  decodeCheckpoint,
  decodeMark,
  decodeSlot,
  decodeTombstones,
  epochOfTombstones,
  type LogName,
  MARK_KEY,
  NAMES_LOG,
  packDigest,
  packKey,
  packOfKey,
  parseLogName,
  type ReadStep,
  type RootHint,
  STEP_BYTES_MAX,
  slotKey,
  slotOfKey,
} from "../logs/index.ts";
import { decodeVersionRecord, EMPTY_MANIFEST } from "../manifest/index.ts";
import { Frame } from "../objects/index.ts";
import type { Remote } from "../remote/index.ts";
import { type Engine, refuseUnrelated } from "../store/index.ts";
import { indexDecoder } from "../sync/index.ts";

/** Keys that are there for a moment: `remote check` makes them. */
const CHECK_PREFIX = "check/";

/** Says why a key is refused; nothing where it is taken. */
export async function refusalOfKey(remote: Remote, key: string, bytes: Uint8Array): Promise<string | undefined> {
  if (key.startsWith(CHECK_PREFIX)) return undefined;
  try {
    const pack = packOfKey(key);
    if (pack !== undefined)
      return hashContent(bytes) === packDigest(pack) ? undefined : "the pack is not what its name says";
    const log = parseLogName(key.slice(0, key.lastIndexOf("/")));
    const slot = log && slotOfKey(log, key);
    if (log !== undefined && slot !== undefined) return await refusalOfStep(remote, log, slot, bytes);
    const decode = decoderOf(key);
    if (decode === undefined) return `${key} is no key of a remote`;
    decode(bytes);
    return undefined;
  } catch (error) {
    if (isArtifoldError(error, "DAMAGED") || isArtifoldError(error, "FORMAT_UNSUPPORTED")) return error.message;
    throw error;
  }
}

/** What reads all of a key that stands for itself, and throws for what no writer made; `undefined` for no key of a remote. */
function decoderOf(key: string): ((bytes: Uint8Array) => unknown) | undefined {
  if (key === MARK_KEY) return decodeMark;
  if (epochOfTombstones(key) !== undefined) return decodeTombstones;
  const [, log] = /^c\/(.+)\/[^/]+$/.exec(key) ?? [];
  const block = log && blockOfKey(log as LogName, key);
  if (log !== undefined && parseLogName(log) !== undefined && block) return (bytes) => decodeCheckpoint(block, bytes);
  return indexDecoder(key);
}

/** Says why a store that shows what is pushed cannot take a step of the log of names: it would never show it. */
export async function refusalOfNames(engine: Engine, key: string, bytes: Uint8Array): Promise<string | undefined> {
  if (slotOfKey(NAMES_LOG, key) === undefined) return undefined;
  await engine.refresh();
  for (const event of decodeSlot(bytes).step.events) {
    if (event.event !== "artifact") continue;
    try {
      refuseUnrelated(engine.catalog, "this server", event);
    } catch (error) {
      if (!isArtifoldError(error, "CONFLICT")) throw error;
      const { team, experiment, name } = event;
      return `${team}/${experiment}/${name} is, or looks like, the name of another artifact of the server: use another name`;
    }
  }
  return undefined;
}

async function refusalOfStep(
  remote: Remote,
  log: LogName,
  slot: number,
  bytes: Uint8Array,
): Promise<string | undefined> {
  const read = decodeSlot(bytes);
  const before = await digestBefore(remote, log, slot);
  if (before === undefined) return "the slot before is not there";
  if (before !== read.step.previous) return "the step does not follow the slot before";
  return refusalOfRoots(remote, read);
}

async function digestBefore(remote: Remote, log: LogName, slot: number): Promise<string | undefined> {
  const key = slot === 1 ? MARK_KEY : slotKey(log, slot - 1);
  const bytes = await remote.read(key, { offset: 0, length: STEP_BYTES_MAX });
  if (bytes === undefined) return undefined;
  return slot === 1 ? decodeMark(bytes).id : decodeSlot(bytes).digest;
}

/** Where a step says that manifests begin, they begin. */
async function refusalOfRoots(remote: Remote, { step, hints }: ReadStep): Promise<string | undefined> {
  const versions = step.events.filter((event) => event.event === "version");
  for (const [at, { record }] of versions.entries()) {
    const root = hints.roots[at];
    const { manifest } = decodeVersionRecord(record);
    if (root === undefined || manifest === EMPTY_MANIFEST) continue;
    if (!(await isRootThere(remote, root, manifest))) return `the manifest ${manifest} is not where the step says`;
  }
  return undefined;
}

async function isRootThere(remote: Remote, { place }: RootHint, manifest: string): Promise<boolean> {
  const { pack, offset, length, index } = place;
  const bytes = await remote.read(packKey(pack), { offset, length });
  if (bytes?.length !== length) return false;
  const frame = new Frame(bytes);
  if (frame.bases.length > 0 || index >= frame.head.count) return false;
  frame.open();
  return frame.digest(index) === manifest;
}

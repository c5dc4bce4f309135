/**
 * Steps: what one slot of a log holds. All that a push has to say of one artifact is one step.
 *
 * A step names the digest of the step before it, so that only who has read all of a log can add to it, and copies of steps
 * prove themselves. Beside the hashed bytes stand hints, of which nothing depends.
 */
import { DIGEST_BYTES, type Digest, hashWithContext } from "../digest/index.ts";
import { Decoder, Encoder, NONCE_BYTES, readExtras, utf8Length, writeExtras } from "../manifest/index.ts";
import { encodeEvent, type LogEvent, readEvent, writeEvent } from "./event.ts";
import { type RemotePlace, readChildPlaces, readPlace, writeChildPlaces, writePlace } from "./place.ts";

/** One step of a log. */
export interface LogStep {
  /** Digest of the step before; of the first step, the remote's id. */
  readonly previous: Digest;
  /** Milliseconds since 1970, by the clock of whoever wrote it: shown, never decided by. */
  readonly at: number;
  readonly by: string;
  /** Random, so that a writer whose answer was lost knows his own step. */
  readonly nonce: Uint8Array;
  readonly events: readonly LogEvent[];
}

/** What stands beside a step, and is not covered by its digest. */
export interface StepHints {
  /** How far the index of places was when the step was written. */
  readonly index?: IndexPosition | undefined;
  /** For each version event, in order, where its manifest begins. */
  readonly roots: readonly (RootHint | undefined)[];
}

/** A place in the index: what was written up to there is known to whoever wrote this. */
export interface IndexPosition {
  readonly epoch: number;
  readonly slot: number;
}

/** Where the root of a manifest lies, and, when it is small, the root itself with the hints beside it. */
export interface RootHint {
  readonly place: RemotePlace;
  readonly node?: Uint8Array | undefined;
  readonly children?: readonly (RemotePlace | undefined)[] | undefined;
}

/** A step that was read. */
export interface ReadStep {
  readonly step: LogStep;
  readonly digest: Digest;
  /** The hashed bytes. */
  readonly core: Uint8Array;
  readonly hints: StepHints;
}

const STEP_CONTEXT = "artifold format 1 log step";
const STEP_KIND = 5;
const BY_BYTES_MAX = 1024;
const EVENTS_MAX = 65_536;
/** The longest body of a slot. */
export const STEP_BYTES_MAX: number = 16 * 1024 * 1024;

/** The hashed bytes of a step, and their digest. */
export function encodeStep(step: LogStep): { readonly core: Uint8Array; readonly digest: Digest } {
  if (step.nonce.length !== NONCE_BYTES) throw new TypeError(`a nonce has ${NONCE_BYTES} bytes`);
  if (step.events.length === 0 || step.events.length > EVENTS_MAX)
    throw new TypeError("a step of no or too many events");
  const encoder = new Encoder(1024);
  encoder.array(7);
  encoder.uint(STEP_KIND);
  encoder.digest(step.previous);
  encoder.uint(step.at);
  encoder.string(step.by);
  encoder.binary(step.nonce);
  encoder.array(step.events.length);
  for (const event of step.events) writeEvent(encoder, event);
  writeExtras(encoder, undefined);
  const core = encoder.bytes();
  // A slot is never deleted: what readers would refuse, all who come after would fail at.
  decodeStep(core);
  return { core, digest: stepDigest(core) };
}

/** The digest of a step. */
export function stepDigest(core: Uint8Array): Digest {
  return hashWithContext(STEP_CONTEXT, core);
}

/** The body of a slot. */
export function encodeSlot(core: Uint8Array, hints: StepHints): Uint8Array {
  const encoder = new Encoder(core.length + 256);
  encoder.array(2);
  encoder.binary(core);
  encoder.array(3);
  if (hints.index === undefined) encoder.nil();
  else {
    encoder.array(2);
    encoder.uint(hints.index.epoch);
    encoder.uint(hints.index.slot);
  }
  encoder.array(hints.roots.length);
  for (const root of hints.roots) writeRoot(encoder, root);
  writeExtras(encoder, undefined);
  return encoder.bytes();
}

/** The body of a slot for a checkpoint: without what is only worth its bytes for the newest version. */
export function trimSlot({ core, hints }: ReadStep): Uint8Array {
  return encodeSlot(core, { roots: hints.roots.map((root) => root && { place: root.place }) });
}

/** Reads the body of a slot. @throws ArtifoldError DAMAGED, or FORMAT_UNSUPPORTED for an event that must be known */
export function decodeSlot(bytes: Uint8Array): ReadStep {
  const decoder = new Decoder(bytes, "slot of a log");
  decoder.arrayOf(2);
  const core = Uint8Array.from(decoder.binary());
  const hints = readHints(decoder);
  decoder.finish();
  return { step: decodeStep(core), digest: stepDigest(core), core, hints };
}

/** Reads the hashed bytes of a step. */
export function decodeStep(core: Uint8Array): LogStep {
  const decoder = new Decoder(core, "step of a log");
  decoder.arrayOf(7);
  if (decoder.uint() !== STEP_KIND) decoder.fail("another kind of record");
  const previous = decoder.digest();
  const at = decoder.uint();
  const by = decoder.string();
  if (utf8Length(by) > BY_BYTES_MAX) decoder.fail(`a name longer than ${BY_BYTES_MAX} bytes`);
  const nonce = Uint8Array.from(decoder.binaryOf(NONCE_BYTES));
  const count = decoder.array();
  if (count === 0 || count > EVENTS_MAX) decoder.fail("a wrong number of events");
  const events = Array.from({ length: count }, () => readEvent(decoder));
  readExtras(decoder);
  decoder.finish();
  return { previous, at, by, nonce, events };
}

/** How many bytes an event takes in a step. */
export function eventBytes(event: LogEvent): number {
  return encodeEvent(event).length;
}

/** The most that a step takes beside its events. */
export const STEP_HEAD_BYTES: number = BY_BYTES_MAX + DIGEST_BYTES + NONCE_BYTES + 64;

function writeRoot(encoder: Encoder, root: RootHint | undefined): void {
  if (root === undefined) {
    encoder.nil();
    return;
  }
  encoder.array(3);
  writePlace(encoder, root.place);
  if (root.node === undefined) encoder.nil();
  else encoder.binary(root.node);
  if (root.children === undefined) encoder.nil();
  else writeChildPlaces(encoder, root.children);
}

function readHints(decoder: Decoder): StepHints {
  decoder.arrayOf(3);
  let index: IndexPosition | undefined;
  if (!decoder.isNil()) {
    decoder.arrayOf(2);
    index = { epoch: decoder.uint(), slot: decoder.uint() };
  }
  const count = decoder.array();
  if (count > EVENTS_MAX) decoder.fail("too many hints");
  const roots = Array.from({ length: count }, () => readRoot(decoder));
  readExtras(decoder);
  return { index, roots };
}

function readRoot(decoder: Decoder): RootHint | undefined {
  if (decoder.isNil()) return undefined;
  decoder.arrayOf(3);
  const place = readPlace(decoder);
  const node = decoder.isNil() ? undefined : Uint8Array.from(decoder.binary());
  const children = decoder.isNil() ? undefined : readChildPlaces(decoder);
  return { place, node, children };
}

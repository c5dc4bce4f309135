/**
 * Where objects lie on a remote, and hints of it.
 *
 * A hint stands beside a node and says where each of its children lies. Nothing is believed for its sake: what it leads to
 * is checked by digest, and where it leads astray the index is asked.
 */
import type { Digest } from "../digest/index.ts";
import { Decoder, Encoder, malformed, readExtras, writeExtras } from "../manifest/index.ts";
import { PACK_NAME_BYTES, type PackName, packNameFromBytes, packNameToBytes } from "./keys.ts";

/** Where an object lies on a remote. */
export interface RemotePlace {
  readonly pack: PackName;
  /** Where its frame begins in the pack, and how long that is. */
  readonly offset: number;
  readonly length: number;
  /** The object's index in the frame. */
  readonly index: number;
  /** Bytes behind the frame that are worth reading with it: hints, and nodes that are mostly wanted next. */
  readonly extra: number;
}

/** A place that may be in the very pack that says so, whose name is not known while it is written. */
export type LocalPlace = Omit<RemotePlace, "pack"> & { readonly pack: PackName | undefined };

/** What stands beside one node. */
export interface NodeHints {
  /** The first 8 bytes of the node's digest, as hex digits. */
  readonly node: string;
  /** For each child that has content or nodes of its own, in order, where it lies; `undefined` where that is not known. */
  readonly children: readonly (LocalPlace | undefined)[];
}

const HINTS_KIND = 10;
/** Hex digits by which hints name a node. */
const SHORT_DIGITS = 16;
const CHILDREN_MAX = 1024;

/** How hints name a node. */
export function shortDigest(digest: Digest): string {
  return digest.slice(0, SHORT_DIGITS);
}

/** The bytes of an object with the hints of some nodes. */
export function encodeHints(nodes: readonly NodeHints[]): Uint8Array {
  const packs = new PackNumbers(nodes.flatMap((node) => node.children));
  const encoder = new Encoder(256);
  encoder.array(4);
  encoder.uint(HINTS_KIND);
  packs.write(encoder);
  encoder.array(nodes.length);
  for (const { node, children } of nodes) {
    encoder.array(2);
    encoder.binary(Buffer.from(node, "hex"));
    writeChildren(encoder, children, packs);
  }
  writeExtras(encoder, undefined);
  return encoder.bytes();
}

/** Reads an object with hints. @param own the pack that it lies in @throws ArtifoldError DAMAGED */
export function decodeHints(bytes: Uint8Array, own: PackName): Map<string, readonly (RemotePlace | undefined)[]> {
  const decoder = new Decoder(bytes, "place hints");
  decoder.arrayOf(4);
  if (decoder.uint() !== HINTS_KIND) decoder.fail("another kind of object");
  const packs = readPacks(decoder);
  const nodes = new Map<string, readonly (RemotePlace | undefined)[]>();
  for (let left = decoder.array(); left > 0; left--) {
    decoder.arrayOf(2);
    const node = Buffer.from(decoder.binaryOf(SHORT_DIGITS / 2)).toString("hex");
    nodes.set(node, readChildren(decoder, packs, own));
  }
  readExtras(decoder);
  decoder.finish();
  return nodes;
}

/** Writes one place. */
export function writePlace(encoder: Encoder, place: RemotePlace): void {
  encoder.array(5);
  encoder.binary(packNameToBytes(place.pack));
  writeRest(encoder, place);
}

/** Reads one place. */
export function readPlace(decoder: Decoder): RemotePlace {
  decoder.arrayOf(5);
  return { pack: packNameFromBytes(decoder.binaryOf(PACK_NAME_BYTES)), ...readRest(decoder) };
}

/** Writes the places of one node's children, all in packs that have a name. */
export function writeChildPlaces(encoder: Encoder, children: readonly (RemotePlace | undefined)[]): void {
  const packs = new PackNumbers(children);
  encoder.array(2);
  packs.write(encoder);
  writeChildren(encoder, children, packs);
}

/** Reads what {@link writeChildPlaces} wrote. */
export function readChildPlaces(decoder: Decoder): readonly (RemotePlace | undefined)[] {
  decoder.arrayOf(2);
  return readChildren(decoder, readPacks(decoder), undefined);
}

/** Gives numbers from 1 to packs; 0 is the pack that the hints lie in. */
class PackNumbers {
  readonly #numbers = new Map<PackName, number>();

  constructor(places: readonly (LocalPlace | undefined)[]) {
    for (const place of places) {
      if (place?.pack !== undefined && !this.#numbers.has(place.pack))
        this.#numbers.set(place.pack, this.#numbers.size + 1);
    }
  }

  of(pack: PackName | undefined): number {
    return pack === undefined ? 0 : (this.#numbers.get(pack) as number);
  }

  write(encoder: Encoder): void {
    encoder.array(this.#numbers.size);
    for (const pack of this.#numbers.keys()) encoder.binary(packNameToBytes(pack));
  }
}

function readPacks(decoder: Decoder): PackName[] {
  return Array.from({ length: decoder.array() }, () => packNameFromBytes(decoder.binaryOf(PACK_NAME_BYTES)));
}

function writeChildren(encoder: Encoder, children: readonly (LocalPlace | undefined)[], packs: PackNumbers): void {
  encoder.array(children.length);
  for (const child of children) {
    if (child === undefined) {
      encoder.nil();
      continue;
    }
    encoder.array(5);
    encoder.uint(packs.of(child.pack));
    writeRest(encoder, child);
  }
}

function readChildren(
  decoder: Decoder,
  packs: readonly PackName[],
  own: PackName | undefined,
): (RemotePlace | undefined)[] {
  const count = decoder.array();
  if (count > CHILDREN_MAX) decoder.fail("too many children");
  return Array.from({ length: count }, () => {
    if (decoder.isNil()) return undefined;
    decoder.arrayOf(5);
    const number = decoder.uint();
    const pack = number === 0 ? own : packs[number - 1];
    if (pack === undefined) malformed("place hints: a pack that is not named");
    return { pack, ...readRest(decoder) };
  });
}

function writeRest(encoder: Encoder, { offset, length, index, extra }: Omit<RemotePlace, "pack">): void {
  encoder.uint(offset);
  encoder.uint(length);
  encoder.uint(index);
  encoder.uint(extra);
}

function readRest(decoder: Decoder): Omit<RemotePlace, "pack"> {
  return { offset: decoder.uint(), length: decoder.uint(), index: decoder.uint(), extra: decoder.uint() };
}

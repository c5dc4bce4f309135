/** Tombstones: packs that the gc of an epoch is to take away. Whoever reads them relies on those packs no more. */
import { Decoder, Encoder, readExtras, writeExtras } from "../manifest/index.ts";
import {
  keyNumber,
  PACK_NAME_BYTES,
  type PackName,
  packNameFromBytes,
  packNameToBytes,
  parseKeyNumber,
} from "./keys.ts";

const TOMBSTONES_KIND = 9;
/** How many packs one key names. */
export const TOMBSTONES_MAX = 100_000;

/** What the keys of tombstones begin with. */
export const TOMBSTONES_PREFIX = "t/";

/** The key of a part of an epoch's tombstones, counted from 0. */
export function tombstonesKey(epoch: number, part: number): string {
  return `${TOMBSTONES_PREFIX}${keyNumber(epoch)}/${keyNumber(part)}`;
}

/** The epoch of tombstones, by their key; `undefined` for another key. */
export function epochOfTombstones(key: string): number | undefined {
  const [prefix, epoch, part, ...more] = key.split("/");
  if (prefix !== "t" || more.length > 0 || parseKeyNumber(part ?? "") === undefined) return undefined;
  return parseKeyNumber(epoch ?? "");
}

/** The bytes of tombstones. */
export function encodeTombstones(packs: readonly PackName[]): Uint8Array {
  const encoder = new Encoder(64 + packs.length * (PACK_NAME_BYTES + 2));
  encoder.array(3);
  encoder.uint(TOMBSTONES_KIND);
  encoder.array(packs.length);
  for (const pack of packs) encoder.binary(packNameToBytes(pack));
  writeExtras(encoder, undefined);
  return encoder.bytes();
}

/** Reads tombstones. @throws ArtifoldError DAMAGED */
export function decodeTombstones(bytes: Uint8Array): PackName[] {
  const decoder = new Decoder(bytes, "tombstones");
  decoder.arrayOf(3);
  if (decoder.uint() !== TOMBSTONES_KIND) decoder.fail("another kind of record");
  const count = decoder.array();
  if (count > TOMBSTONES_MAX) decoder.fail("too many packs");
  const packs = Array.from({ length: count }, () => packNameFromBytes(decoder.binaryOf(PACK_NAME_BYTES)));
  readExtras(decoder);
  decoder.finish();
  return packs;
}

/** Keys of a remote: hex digits and fixed words, none of which begins another's path. */
import {
  DIGEST_BYTES,
  type Digest,
  digestFromBytes,
  digestToBytes,
  hashWithContext,
  isDigest,
} from "../digest/index.ts";
import { Encoder } from "../manifest/index.ts";

/** The mark of a remote. */
export const MARK_KEY = "format";

/** A log: "names", or "a/" or "e/" and an id. Its slots lie below, as keys. */
export type LogName = string & { readonly __log: true };

/** The log that names all others. */
export const NAMES_LOG: LogName = "names" as LogName;

/** The log of an artifact. */
export function artifactLog(artifact: Digest): LogName {
  return `a/${artifact}` as LogName;
}

/** The log of an experiment: runs that neither used nor made a version. */
export function experimentLog(experiment: Digest): LogName {
  return `e/${experiment}` as LogName;
}

/** The id of an experiment: what its log is named by. */
export function experimentId(team: string, experiment: string): Digest {
  const encoder = new Encoder(64);
  encoder.array(2);
  encoder.string(team);
  encoder.string(experiment);
  return hashWithContext("artifold format 1 experiment", encoder.bytes());
}

/** Reads the name of a log; `undefined` for anything else. */
export function parseLogName(text: string): LogName | undefined {
  return /^(names|[ae]\/[0-9a-f]{64})$/.test(text) ? (text as LogName) : undefined;
}

/** The artifact whose log it is; `undefined` for another log. */
export function artifactOfLog(log: LogName): Digest | undefined {
  const id = log.startsWith("a/") ? log.slice(2) : "";
  return isDigest(id) ? id : undefined;
}

/** The experiment whose log it is; `undefined` for another log. */
export function experimentOfLog(log: LogName): Digest | undefined {
  const id = log.startsWith("e/") ? log.slice(2) : "";
  return isDigest(id) ? id : undefined;
}

/** Digits of slots, epochs and parts: enough for every number of the format, in an order that is that of the keys. */
const DIGITS = 16;

/** A number as a part of keys. */
export function keyNumber(number: number): string {
  if (!Number.isSafeInteger(number) || number < 0) throw new TypeError(`not a number of a key: ${number}`);
  return String(number).padStart(DIGITS, "0");
}

/** Reads a number of a key; `undefined` for what is none. */
export function parseKeyNumber(text: string): number | undefined {
  if (!/^\d{16}$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** What the keys of a log's slots begin with. */
export function slotPrefix(log: LogName): string {
  return `${log}/`;
}

/** The key of a slot, counted from 1. */
export function slotKey(log: LogName, slot: number): string {
  return `${log}/${keyNumber(slot)}`;
}

/** The slot that a key of this log names; `undefined` for another key. */
export function slotOfKey(log: LogName, key: string): number | undefined {
  if (!key.startsWith(`${log}/`)) return undefined;
  const slot = parseKeyNumber(key.slice(log.length + 1));
  return slot === 0 ? undefined : slot;
}

/** A pack on a remote: its group and its name, "0123456789abcdef/<64 hex digits>". */
export type PackName = string & { readonly __pack: true };

/** Bytes of a pack's name where it is written as binary: 8 of the group, 32 of the name. */
export const PACK_NAME_BYTES: number = 8 + DIGEST_BYTES;

/** What the keys of packs begin with. */
export const PACK_PREFIX = "p/";

/** Names a pack. @param group 16 hex digits: what the packs of one push have in common */
export function packName(group: string, name: Digest): PackName {
  return `${group}/${name}` as PackName;
}

/** What the keys of a group of packs begin with. */
export function groupPrefix(group: string): string {
  return `${PACK_PREFIX}${group}/`;
}

/** The key of a pack. */
export function packKey(pack: PackName): string {
  return PACK_PREFIX + pack;
}

/** The pack that a key names; `undefined` for another key. */
export function packOfKey(key: string): PackName | undefined {
  return /^p\/[0-9a-f]{16}\/[0-9a-f]{64}$/.test(key) ? (key.slice(PACK_PREFIX.length) as PackName) : undefined;
}

/** The hash of a pack: the second part of its name. */
export function packDigest(pack: PackName): Digest {
  return pack.slice(pack.indexOf("/") + 1) as Digest;
}

/** A pack's name as binary. */
export function packNameToBytes(pack: PackName): Uint8Array {
  const bytes = new Uint8Array(PACK_NAME_BYTES);
  for (let at = 0; at < 8; at++) bytes[at] = Number.parseInt(pack.slice(at * 2, at * 2 + 2), 16);
  digestToBytes(packDigest(pack), bytes, 8);
  return bytes;
}

/** Reads a pack's name from 40 bytes. */
export function packNameFromBytes(bytes: Uint8Array, offset = 0): PackName {
  let group = "";
  for (let at = offset; at < offset + 8; at++) group += (bytes[at] as number).toString(16).padStart(2, "0");
  return packName(group, digestFromBytes(bytes, offset + 8));
}

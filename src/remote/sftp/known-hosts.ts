/** The file ~/.ssh/known_hosts, as sshd(8) describes it under SSH_KNOWN_HOSTS FILE FORMAT. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** One line: a key, and which hosts have it. */
export interface KnownHost {
  readonly marker: "@revoked" | "@cert-authority" | undefined;
  /** Patterns with `*` and `?`, or hashed names. */
  readonly patterns: readonly string[];
  readonly keyType: string;
  /** As in the file. */
  readonly keyBase64: string;
}

/** What the files say of a key that a host showed. */
export type HostVerdict = "known" | "unknown" | "changed" | "revoked";

/** Reads a file. Lines that are none of ours are passed over, as ssh does. */
export function parseKnownHosts(text: string): KnownHost[] {
  const hosts: KnownHost[] = [];
  for (const line of text.split(/\r?\n/)) {
    const fields = line.trim().split(/\s+/);
    const marker = fields[0] === "@revoked" || fields[0] === "@cert-authority" ? fields[0] : undefined;
    const [names, keyType, keyBase64] = marker === undefined ? fields : fields.slice(1);
    if (names === undefined || names.startsWith("#") || names.startsWith("@") || !keyType || !keyBase64) continue;
    hosts.push({ marker, patterns: names.split(","), keyType, keyBase64 });
  }
  return hosts;
}

/** A host as the files name it: with its port where that is not 22. */
export function hostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/**
 * Judges a key that a host showed. Certificates are not judged: an authority's line makes no key known.
 *
 * @param key the key's blob, as SSH sends it: it begins with its type
 */
export function judgeHost(hosts: readonly KnownHost[], name: string, key: Uint8Array): HostVerdict {
  const keyBase64 = Buffer.from(key).toString("base64");
  const own = hosts.filter(({ marker, patterns }) => marker !== "@cert-authority" && matches(patterns, name));
  if (own.some((host) => host.marker === "@revoked" && host.keyBase64 === keyBase64)) return "revoked";
  const keys = own.filter(({ marker }) => marker === undefined);
  if (keys.some((host) => host.keyBase64 === keyBase64)) return "known";
  // A host may have keys of several types. With one of another type than those known it is another host, for all we know.
  return keys.length > 0 ? "changed" : "unknown";
}

/** The types of the keys that a host is known by: it is asked for those. */
export function knownKeyTypes(hosts: readonly KnownHost[], name: string): string[] {
  const own = hosts.filter(({ marker, patterns }) => marker === undefined && matches(patterns, name));
  return [...new Set(own.map(({ keyType }) => keyType))];
}

/** The type in a key's blob. */
export function keyTypeOf(key: Uint8Array): string {
  const length = new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(0);
  return new TextDecoder().decode(key.subarray(4, 4 + length));
}

/** What ssh-keygen prints of a key. */
export function fingerprintOf(sha256: string): string {
  return `SHA256:${sha256.replace(/=+$/, "")}`;
}

/** Whether a list of patterns means a name: one has to, and none that begins with "!" may. */
export function matches(patterns: readonly string[], name: string): boolean {
  let isMeant = false;
  for (const pattern of patterns) {
    if (pattern.startsWith("|1|")) isMeant ||= isHashOf(pattern, name);
    else if (pattern.startsWith("!")) {
      if (wildcard(pattern.slice(1)).test(name)) return false;
    } else isMeant ||= wildcard(pattern).test(name);
  }
  return isMeant;
}

/** `|1|salt|hash`: HMAC-SHA1 of the name with the salt, both in base 64. */
function isHashOf(pattern: string, name: string): boolean {
  const [, , salt = "", hash = ""] = pattern.split("|");
  const told = Buffer.from(hash, "base64");
  const ours = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return told.length === ours.length && timingSafeEqual(told, ours);
}

function wildcard(pattern: string): RegExp {
  // Stars in a row mean what one does, and cost a lot more.
  const source = pattern
    .toLowerCase()
    .replace(/\*+/g, "*")
    .replace(/[\\^$+.()|[\]{}]/g, "\\$&");
  return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

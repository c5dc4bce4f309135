// Digests, values and records of the independent reader: sections 3, 5 and 9 of docs/format.md.
import blake3 from "blake3";

export const hash = (bytes) => Buffer.from(blake3.hash(bytes));
export const derive = (context, bytes) => Buffer.from(blake3.deriveKey(`artifold format 1 ${context}`, bytes));
export const check = (holds, what) => {
  if (!holds) throw new Error(`refused: ${what}`);
};
export const u64 = (bytes, at) => Number(bytes.readBigUInt64LE(at));

/** Section 5: one value that is all there is. */
export function readValue(bytes) {
  const buffer = Buffer.from(bytes);
  let at = 0;
  const number = (length) => {
    at += length;
    return length === 8 ? Number(buffer.readBigUInt64BE(at - 8)) : buffer.readUIntBE(at - length, length);
  };
  const take = (length) => {
    at += length;
    return buffer.subarray(at - length, at);
  };
  const array = (count) => Array.from({ length: count }, value);
  function value() {
    const mark = number(1);
    if (mark < 0x80) return mark;
    if (mark >= 0xcc && mark <= 0xcf) return number(1 << (mark - 0xcc));
    if (mark >= 0xa0 && mark <= 0xbf) return take(mark & 0x1f).toString("utf8");
    if (mark >= 0xd9 && mark <= 0xdb) return take(number(1 << (mark - 0xd9))).toString("utf8");
    if (mark >= 0xc4 && mark <= 0xc6) return take(number(1 << (mark - 0xc4)));
    if (mark >= 0x90 && mark <= 0x9f) return array(mark & 0x0f);
    if (mark === 0xdc || mark === 0xdd) return array(number(mark === 0xdc ? 2 : 4));
    check(mark === 0xc0, "a value");
    return null;
  }
  const read = value();
  check(at === buffer.length, "bytes after a value");
  return read;
}

/** Section 9: what a version record says, with its id. */
export function readVersionRecord(record) {
  const [kind, artifact, manifest, parents, createdAt, createdBy, run, message, metadata] = readValue(record);
  check(kind === 3, "a version record");
  return {
    artifact: artifact.toString("hex"),
    id: derive("version record", record).toString("hex"),
    manifest: manifest.toString("hex"),
    parents: parents.map((parent) => parent.toString("hex")),
    createdAt,
    createdBy,
    run: run === null ? undefined : run.toString("hex"),
    message,
    metadata: JSON.parse(metadata),
  };
}

/** Section 9: what a run record says, with its id. */
export function readRunRecord(record) {
  const [kind, team, experiment, name, startedAt, startedBy, command, config] = readValue(record);
  check(kind === 4, "a run record");
  const id = derive("run record", record).toString("hex");
  return { id, team, experiment, name, startedAt, startedBy, command, config: JSON.parse(config) };
}

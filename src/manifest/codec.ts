/**
 * The fixed subset of MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) in which nodes and records
 * are written: arrays, binary, strings, nil, and unsigned integers up to 2^53 - 1, each in its shortest form.
 *
 * One value has one encoding, and the decoder refuses every other. It reserves nothing before the bytes are there,
 * never recurses by itself, and reads only what it is asked for, so that hostile bytes can only be refused.
 */
import { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";

/** The largest integer that the format can hold: 2^53 - 1. */
export const MAX_INTEGER: number = Number.MAX_SAFE_INTEGER;

const TWO_32 = 0x1_0000_0000;

/** Throws for bytes that no writer of this format made. */
export function malformed(what: string): never {
  throw new ArtifoldError("DAMAGED", `malformed ${what}`);
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Writes values one after another into a buffer that grows. */
export class Encoder {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#length;
  }

  /** The bytes written from `from` on; valid until the next write. */
  view(from = 0): Uint8Array {
    return this.#bytes.subarray(from, this.#length);
  }

  /** A copy of all bytes written. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** Forgets the first `count` bytes. */
  dropFirst(count: number): void {
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  nil(): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = 0xc0;
  }

  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`not an unsigned integer: ${value}`);
    this.#reserve(9);
    if (value < 0x80) this.#bytes[this.#length++] = value;
    else if (value < 0x100) this.#head8(0xcc, value);
    else if (value < 0x1_0000) this.#head16(0xcd, value);
    else if (value < TWO_32) this.#head32(0xce, value);
    else {
      this.#head32(0xcf, Math.floor(value / TWO_32));
      this.#view.setUint32(this.#length, value % TWO_32);
      this.#length += 4;
    }
  }

  /** Begins an array of `count` values, which must follow. */
  array(count: number): void {
    this.#reserve(5);
    if (count < 16) this.#bytes[this.#length++] = 0x90 | count;
    else if (count < 0x1_0000) this.#head16(0xdc, count);
    else this.#head32(0xdd, count);
  }

  binary(bytes: Uint8Array): void {
    const count = bytes.length;
    this.#reserve(5 + count);
    if (count < 0x100) this.#head8(0xc4, count);
    else if (count < 0x1_0000) this.#head16(0xc5, count);
    else this.#head32(0xc6, count);
    this.raw(bytes);
  }

  /** Writes a digest: binary of 32 bytes. */
  digest(digest: Digest): void {
    this.#reserve(2 + DIGEST_BYTES);
    this.#head8(0xc4, DIGEST_BYTES);
    digestToBytes(digest, this.#bytes, this.#length);
    this.#length += DIGEST_BYTES;
  }

  /**
   * Writes a string.
   *
   * @returns the length of its UTF-8 bytes, which are the last bytes written
   */
  string(text: string): number {
    // Room for the worst case: three bytes for each UTF-16 unit.
    this.#reserve(5 + text.length * 3);
    if (text.length < 32) {
      // Most paths are short and ASCII: then the head is one byte and the text can be written in place.
      const start = this.#length;
      let index = 0;
      for (; index < text.length; index++) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        this.#bytes[start + 1 + index] = code;
      }
      if (index === text.length) {
        this.#bytes[start] = 0xa0 | text.length;
        this.#length += 1 + text.length;
        return text.length;
      }
    }
    const count = utf8Length(text);
    if (count < 32) this.#bytes[this.#length++] = 0xa0 | count;
    else if (count < 0x100) this.#head8(0xd9, count);
    else if (count < 0x1_0000) this.#head16(0xda, count);
    else this.#head32(0xdb, count);
    utf8Encoder.encodeInto(text, this.#bytes.subarray(this.#length, this.#length + count));
    this.#length += count;
    return count;
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #head8(mark: number, value: number): void {
    this.#bytes[this.#length++] = mark;
    this.#bytes[this.#length++] = value;
  }

  #head16(mark: number, value: number): void {
    this.#bytes[this.#length++] = mark;
    this.#view.setUint16(this.#length, value);
    this.#length += 2;
  }

  #head32(mark: number, value: number): void {
    this.#bytes[this.#length++] = mark;
    this.#view.setUint32(this.#length, value);
    this.#length += 4;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** The length of a text in UTF-8 bytes. A lone surrogate counts as the three bytes of its replacement. */
export function utf8Length(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7ff) count += 2;
    else if (code > 0x7f) count += 1;
    if (code >= 0xd800 && code < 0xdc00 && index + 1 < text.length) {
      const next = text.charCodeAt(index + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        // A pair is four bytes: two units of UTF-16 and two more.
        index++;
      }
    }
  }
  return count;
}

/** Reads values one after another. Each method throws DAMAGED when something else stands there. */
export class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** @param what names the thing that is read, for errors: "manifest node" */
  constructor(bytes: Uint8Array, what: string) {
    // Digests are read fastest from a Buffer; a browser has none and needs none.
    this.#bytes = typeof Buffer === "undefined" ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  /** Where the next value begins. */
  get position(): number {
    return this.#at;
  }

  /** Throws for bytes that no writer made. */
  fail(why: string): never {
    malformed(`${this.#what}: ${why}`);
  }

  /** Ends the reading: every byte must have been used. */
  finish(): void {
    if (this.#at !== this.#bytes.length) this.fail("bytes after its end");
  }

  /** Reads nil if it stands next. */
  isNil(): boolean {
    if (this.#bytes[this.#at] !== 0xc0) return false;
    this.#at++;
    return true;
  }

  uint(): number {
    const mark = this.#take8();
    if (mark < 0x80) return mark;
    if (mark === 0xcc) return this.#atLeast(this.#take8(), 0x80);
    if (mark === 0xcd) return this.#atLeast(this.#take16(), 0x100);
    if (mark === 0xce) return this.#atLeast(this.#take32(), 0x1_0000);
    if (mark !== 0xcf) this.fail("an integer expected");
    const value = this.#take32() * TWO_32 + this.#take32();
    if (value > MAX_INTEGER) this.fail("an integer above 2^53 - 1");
    return this.#atLeast(value, TWO_32);
  }

  /** Reads the head of an array and gives its length, which is at most the number of bytes that are left. */
  array(): number {
    const mark = this.#take8();
    let count: number;
    if ((mark & 0xf0) === 0x90) count = mark & 0x0f;
    else if (mark === 0xdc) count = this.#atLeast(this.#take16(), 16);
    else if (mark === 0xdd) count = this.#atLeast(this.#take32(), 0x1_0000);
    else this.fail("an array expected");
    if (count > this.#bytes.length - this.#at) this.fail("an array longer than the bytes left");
    return count;
  }

  /** Reads the head of an array that must have `count` values. */
  arrayOf(count: number): void {
    if (this.array() !== count) this.fail(`an array of ${count} expected`);
  }

  /** Reads binary; a view of the bytes that were given. */
  binary(): Uint8Array {
    const mark = this.#take8();
    if (mark === 0xc4) return this.#take(this.#take8());
    if (mark === 0xc5) return this.#take(this.#atLeast(this.#take16(), 0x100));
    if (mark === 0xc6) return this.#take(this.#atLeast(this.#take32(), 0x1_0000));
    this.fail("binary expected");
  }

  /** Reads binary of one length. */
  binaryOf(count: number): Uint8Array {
    const bytes = this.binary();
    if (bytes.length !== count) this.fail(`binary of ${count} bytes expected`);
    return bytes;
  }

  /** Reads a digest: binary of 32 bytes. */
  digest(): Digest {
    if (this.#take8() !== 0xc4 || this.#take8() !== DIGEST_BYTES) this.fail("a digest expected");
    if (this.#bytes.length - this.#at < DIGEST_BYTES) this.fail("it ends too early");
    const digest = digestFromBytes(this.#bytes, this.#at);
    this.#at += DIGEST_BYTES;
    return digest;
  }

  /** Reads a string; its UTF-8 bytes end at `position`. */
  string(): string {
    const bytes = this.#stringBytes();
    try {
      return decodeUtf8(bytes);
    } catch {
      this.fail("a string that is not UTF-8");
    }
  }

  #stringBytes(): Uint8Array {
    const mark = this.#take8();
    if ((mark & 0xe0) === 0xa0) return this.#take(mark & 0x1f);
    if (mark === 0xd9) return this.#take(this.#atLeast(this.#take8(), 32));
    if (mark === 0xda) return this.#take(this.#atLeast(this.#take16(), 0x100));
    if (mark === 0xdb) return this.#take(this.#atLeast(this.#take32(), 0x1_0000));
    this.fail("a string expected");
  }

  /** Passes over one value: see {@link endOfValue}. */
  skip(): void {
    this.#at = endOfValue(this.#bytes, this.#at);
  }

  #atLeast(value: number, least: number): number {
    if (value < least) this.fail("a number that is not in its shortest form");
    return value;
  }

  #take8(): number {
    if (this.#at >= this.#bytes.length) this.fail("it ends too early");
    return this.#bytes[this.#at++] as number;
  }

  #take16(): number {
    if (this.#bytes.length - this.#at < 2) this.fail("it ends too early");
    const value = this.#view.getUint16(this.#at);
    this.#at += 2;
    return value;
  }

  #take32(): number {
    if (this.#bytes.length - this.#at < 4) this.fail("it ends too early");
    const value = this.#view.getUint32(this.#at);
    this.#at += 4;
    return value;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) this.fail("it ends too early");
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }
}

/**
 * Where a value ends that begins at a place, with all that is in it. Makes no objects, and says nothing of whether the
 * value is in its shortest form.
 *
 * @throws ArtifoldError DAMAGED for a value that is not of the subset, or not all there
 */
export function endOfValue(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let left = 1; left > 0; left--) {
    // Beyond the end there is nothing, which is no mark.
    const mark = bytes[at++] as number;
    if (mark < 0x80 || mark === 0xc0) continue;
    if ((mark & 0xf0) === 0x90) left += mark & 0x0f;
    else if ((mark & 0xe0) === 0xa0) at += mark & 0x1f;
    else if (mark === 0xc4 || mark === 0xd9) at += 1 + uintOf(bytes, at, 1);
    else if (mark === 0xc5 || mark === 0xda) at += 2 + uintOf(bytes, at, 2);
    else if (mark === 0xc6 || mark === 0xdb) at += 4 + uintOf(bytes, at, 4);
    else if (mark >= 0xcc && mark <= 0xcf) at += 1 << (mark - 0xcc);
    else if (mark === 0xdc || mark === 0xdd) {
      const headBytes = mark === 0xdc ? 2 : 4;
      left += uintOf(bytes, at, headBytes);
      at += headBytes;
    } else malformed("value");
    if (left > bytes.length) malformed("value: an array longer than the bytes left");
  }
  if (at > bytes.length) malformed("value: it ends too early");
  return at;
}

/** Reads a big-endian integer; 0 for what is beyond the end, which its caller sees by its place. */
function uintOf(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let index = at; index < at + length; index++) value = value * 256 + (bytes[index] ?? 0);
  return value;
}

/** The unsigned integer at a place, in whatever form; `undefined` where none stands. */
export function uintAt(bytes: Uint8Array, at: number): number | undefined {
  const mark = bytes[at] as number;
  if (mark < 0x80) return mark;
  return mark >= 0xcc && mark <= 0xcf ? uintOf(bytes, at + 1, 1 << (mark - 0xcc)) : undefined;
}

/** Decodes UTF-8 strictly. @throws TypeError for bytes that are not UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  if (bytes.length > 64) return utf8Decoder.decode(bytes);
  // For short ASCII, which paths mostly are, this is several times the speed of TextDecoder.
  let text = "";
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte > 0x7f) return utf8Decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

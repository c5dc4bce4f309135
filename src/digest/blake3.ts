/**
 * BLAKE3-256 (https://github.com/BLAKE3-team/BLAKE3-specs), native where the platform has a binary, else WebAssembly.
 *
 * File content is hashed plainly, so that `b3sum FILE` prints the same digest. Everything of our own making (nodes,
 * records, tables) is hashed in BLAKE3's key-derivation mode with a context of its own, so that no bytes can pass
 * for two kinds of thing.
 */
import { type Digest, digestFromBytes } from "./digest.ts";

/** Hashes content that arrives in pieces. A hasher is used once: after `digest` it must not be updated. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Digest;
}

interface Implementation {
  readonly name: "native" | "wasm";
  hash(bytes: Uint8Array): Uint8Array;
  derive(context: string, bytes: Uint8Array): Uint8Array;
  hasher(): { update(bytes: Uint8Array): unknown; digest(): Uint8Array };
}

let chosen: Implementation | undefined;
let wanted: "native" | "wasm" = "native";

/** Digest of whole content: plain BLAKE3 of the bytes. */
export function hashContent(bytes: Uint8Array): Digest {
  return digestFromBytes(implementation().hash(bytes));
}

/** Plain BLAKE3 of the bytes, as 32 bytes: for columns of digests, where text would be waste. */
export function hashContentBytes(bytes: Uint8Array): Uint8Array {
  return implementation().hash(bytes);
}

/**
 * Digest of bytes of one kind, separated from all other kinds by its context.
 *
 * @param context a constant of the format, see docs/format.md, "Digests"
 */
export function hashWithContext(context: string, bytes: Uint8Array): Digest {
  return digestFromBytes(implementation().derive(context, bytes));
}

/** As {@link hashWithContext}, as 32 bytes. */
export function hashWithContextBytes(context: string, bytes: Uint8Array): Uint8Array {
  return implementation().derive(context, bytes);
}

/** Begins the digest of content that does not fit into memory: the same digest as {@link hashContent} of the whole. */
export function contentHasher(): Hasher {
  const hasher = implementation().hasher();
  return {
    update: (bytes) => void hasher.update(bytes),
    digest: () => digestFromBytes(hasher.digest()),
  };
}

/** Which implementation answers: `doctor` shows it. */
export function blake3Implementation(): "native" | "wasm" {
  return implementation().name;
}

/** Chooses the implementation for this thread; without a call the native one is taken where it loads. */
export function useBlake3(name: "native" | "wasm"): void {
  wanted = name;
  chosen = undefined;
}

/** The digest of nothing: the content of an empty file. */
export const EMPTY_DIGEST = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" as Digest;

function implementation(): Implementation {
  chosen ??= loadImplementation();
  return chosen;
}

function loadImplementation(): Implementation {
  // Taken from the running process and not imported, so that this room stays loadable where there is no Node.
  const { createRequire } = process.getBuiltinModule("node:module");
  const require = createRequire(import.meta.url);
  if (wanted !== "wasm") {
    try {
      return nativeImplementation(require("@napi-rs/blake-hash"));
    } catch {
      // No binary for this platform in the registry: the WebAssembly build gives the same digests, more slowly.
    }
  }
  return wasmImplementation(require("blake3"));
}

function nativeImplementation(native: typeof import("@napi-rs/blake-hash")): Implementation {
  return {
    name: "native",
    hash: (bytes) => native.blake3(bytes),
    derive: (context, bytes) => native.Blake3Hasher.deriveKey(context, bytes),
    hasher() {
      const hasher = new native.Blake3Hasher();
      return { update: (bytes) => hasher.update(bytes), digest: () => hasher.digestBuffer() };
    },
  };
}

function wasmImplementation(wasm: typeof import("blake3")): Implementation {
  return {
    name: "wasm",
    hash: (bytes) => wasm.hash(asBuffer(bytes)) as Uint8Array,
    derive: (context, bytes) => wasm.deriveKey(context, asBuffer(bytes)) as Uint8Array,
    hasher() {
      const hasher = wasm.createHash();
      return { update: (bytes) => hasher.update(asBuffer(bytes)), digest: () => hasher.digest() as Uint8Array };
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

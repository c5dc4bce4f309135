/** Reads vector files as tests need them. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { Digest } from "../../src/digest/index.ts";
import { seededBytes, unhex } from "./make/shape.ts";

/** A vector file; its shape is said where it is used. */
export function readVectors<Shape>(name: string): Shape {
  return JSON.parse(fs.readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8")) as Shape;
}

/** Something invalid, and how it is refused. */
export interface Refused {
  readonly name: string;
  readonly hex: string;
  readonly why: string;
  readonly code: string;
}

/** Every invalid vector is refused with its code. */
export function expectRefused(vectors: readonly Refused[], read: (bytes: Uint8Array) => unknown): void {
  expect(vectors.length).toBeGreaterThan(0);
  for (const { name, hex, why, code } of vectors) {
    expect(() => read(unhex(hex)), `${name}: ${why}`).toThrow(expect.objectContaining({ code }));
  }
}

/** A whole store: its files in hex, and what it holds. */
export interface StoreVector {
  readonly files: Record<string, string>;
  readonly remotes: readonly { name: string; url: string; id: Digest | null; writers: string | null }[];
  readonly artifacts: readonly {
    artifact: Digest;
    team: string;
    experiment: string;
    type: string;
    name: string;
    highest: number;
    tags: Record<string, Digest>;
  }[];
  readonly versions: readonly VersionVector[];
  /** Versions that are found under the number of another one, their holder. */
  readonly alsoMade: readonly { id: Digest; holder: Digest; number: number; message: string; metadata: unknown }[];
  readonly runs: readonly {
    id: Digest;
    startedAt: number;
    ended: { at: number; state: string; exitCode: number | null; signal: string | null } | null;
    used: readonly Digest[];
    made: readonly Digest[];
  }[];
}

/** A version with a number. */
export interface VersionVector {
  readonly number: number;
  readonly id: Digest;
  readonly removed: boolean;
  readonly forGood: boolean;
  readonly whole: boolean;
  readonly message: string;
  readonly metadata: unknown;
  /** `null` where not even its manifest is in the store. */
  readonly entries: readonly { path: string; kind: string }[] | null;
  readonly contents: Record<string, string | { seed: number; length: number }>;
  /** Paths of files whose content is not in the store. */
  readonly missing: readonly string[];
}

/** Writes the files of a store below a folder. */
export function writeStore(folder: string, { files }: StoreVector): void {
  for (const name of ["journal", "packs", "files"]) fs.mkdirSync(path.join(folder, name));
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), unhex(bytes));
}

/** The content of a file of a version. */
export function contentOf({ contents }: VersionVector, name: string): Uint8Array {
  const content = contents[name] ?? "";
  return typeof content === "string" ? unhex(content) : seededBytes(content.seed, content.length);
}

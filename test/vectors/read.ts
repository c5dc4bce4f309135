/** Reads vector files as tests need them. */
import fs from "node:fs";
import { expect } from "vitest";
import { unhex } from "./make/shape.ts";

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

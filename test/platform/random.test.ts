import fs from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { randomBytes, randomHex } from "../../src/platform/index.ts";

afterEach(() => vi.restoreAllMocks());

/** Takes as much as there can be in store, so that more has to be fetched. */
const drain = (): void => void randomBytes(1024);

function expectDistinct(): void {
  const names = Array.from({ length: 1000 }, () => randomHex(16));
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
}

test("random bytes are as many as were asked for, and no two calls share any", () => {
  for (const count of [0, 1, 16, 1000, 1024, 1025, 5000]) expect(randomBytes(count)).toHaveLength(count);
  const bytes = randomBytes(16);
  // Nothing of what others get goes along where it is handed on.
  expect(bytes.buffer.byteLength).toBe(16);
  expectDistinct();
});

test("they are spread evenly", () => {
  const counts = new Array<number>(256).fill(0);
  const bytes = Array.from({ length: 256 }, () => [...randomBytes(256)]).flat();
  for (const byte of bytes) counts[byte] = (counts[byte] as number) + 1;
  // 256 of each are expected, give or take 16: a count outside of this comes once in 10^12 calls.
  for (const count of counts) expect(Math.abs(count - 256)).toBeLessThan(128);
});

test("without the kernel's device, or with something else in its place, they come from node:crypto", () => {
  const open = vi.spyOn(fs, "openSync").mockImplementation(() => {
    throw new Error("no such file");
  });
  drain();
  expectDistinct();
  expect(open).toHaveBeenCalled();
  open.mockRestore();
  vi.spyOn(fs, "fstatSync").mockReturnValue({ isCharacterDevice: () => false } as fs.Stats);
  const read = vi.spyOn(fs, "readSync");
  drain();
  expectDistinct();
  expect(read).not.toHaveBeenCalled();
});

test("where the device gives less than was asked for, too", () => {
  vi.spyOn(fs, "readSync").mockReturnValue(3);
  drain();
  expectDistinct();
});

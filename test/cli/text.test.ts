import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCount, formatNumber } from "../../src/cli/text.ts";

test("numbers are grouped as people in English-speaking places group them", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(5000), fc.maxSafeInteger()), (number) => {
      expect(formatNumber(number)).toBe(number.toLocaleString("en-US"));
    }),
  );
  expect([formatCount(1, "file"), formatCount(2048, "file")]).toEqual(["1 file", "2,048 files"]);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { formatCount, formatNumber } from "../../src/cli/text.ts";
import { describeLeftOut } from "../../src/cli/upload.ts";

test("numbers are grouped as people in English-speaking places group them", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(5000), fc.maxSafeInteger()), (number) => {
      expect(formatNumber(number)).toBe(number.toLocaleString("en-US"));
    }),
  );
  expect([formatCount(1, "file"), formatCount(2048, "file")]).toEqual(["1 file", "2,048 files"]);
});

test("what cannot be read is left out with the one reason that says so", () => {
  const left = { path: "b", detail: "cannot read /data/b: EACCES" };
  expect(describeLeftOut({ ...left, reason: "unreadable" })).toBe("left out b: cannot read /data/b: EACCES");
  expect(describeLeftOut({ path: "b", reason: "unreadable" })).toBe("left out b: cannot be read");
  expect(describeLeftOut({ path: "b", reason: "link", detail: "it points outside" })).toBe(
    "left out b: a link that a version cannot keep (it points outside)",
  );
});

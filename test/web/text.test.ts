/** How the dashboard writes sizes, times, and names that would hide something. */
import { expect, test } from "vitest";
import { count, exactly, lasting, plainly, plainText, since, size } from "../../src/web/parts/text.ts";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.0 KiB"],
  [106_400 * 1024, "104 MiB"],
  [5 * 1024 ** 4, "5.0 TiB"],
])("%i bytes are %s", (bytes, text) => expect(size(bytes)).toBe(text));

test.each([
  [4200, "4.2 s"],
  [185_000, "3 min 05 s"],
  [3_720_000, "1 h 02 min"],
  [90_000_000, "1 d 01 h"],
])("%i ms last %s", (ms, text) => expect(lasting(ms)).toBe(text));

test("a moment is told by how long ago it is", () => {
  const now = Date.parse("2026-03-10T12:00:00Z");
  expect(since("2026-03-10T11:59:50Z", now)).toBe("just now");
  expect(since("2026-03-10T11:00:00Z", now)).toBe("1 hr. ago");
  expect(since("2026-03-10T11:18:00Z", now)).toBe("42 min. ago");
  expect(since("2026-03-09T11:00:00Z", now)).toBe("yesterday");
  expect(since("2026-03-06T12:00:00Z", now)).toBe("4 days ago");
  expect(since("2026-01-02T12:00:00Z", now)).toBe("2 Jan 2026");
  // A clock that goes ahead of ours.
  expect(since("2026-03-11T12:00:00Z", now)).toBe("11 Mar 2026");
});

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1_234_567, "1,234,567"],
])("%i is counted as %s", (value, text) => expect(count(value)).toBe(text));

test("a moment is written out to the second", () => {
  expect(exactly("2026-03-10T12:00:05Z")).toContain("10 Mar 2026");
});

test("what would turn a name round is shown", () => {
  expect(plainly("photo\u202Egpj.exe")).toBe("photo‹U+202E›gpj.exe");
  expect(plainly("a\nb\u0000")).toBe("a‹U+000A›b‹U+0000›");
  expect(plainly("고양이 👩‍🔬.txt")).toBe("고양이 👩‍🔬.txt");
});

test.each([
  ["a\u00adb", "a‹U+00AD›b"],
  ["a\u200bb\u200db\ufe0f", "a‹U+200B›b‹U+200D›b‹U+FE0F›"],
  ["a\u00a0b\u3000c\u2028", "a‹U+00A0›b‹U+3000›c‹U+2028›"],
  [" a b/ c /d  e ", "‹U+0020›a b/‹U+0020›c‹U+0020›/d ‹U+0020›e‹U+0020›"],
  ["1\ufe0f 1\ufe0f\u20e3", "1‹U+FE0F› 1\ufe0f\u20e3"],
])("of a name what is not seen is shown: %j", (name, shown) => expect(plainly(name)).toBe(shown));

test.each(["👁️‍🗨️", "👩🏽‍🔬", "👨‍👩‍👧‍👦", "❤️", "🏴‍☠️", "☎︎", "a b.txt", "한국어", "שלום"])("%s stays as it is", (name) => {
  expect(plainly(name)).toBe(name);
});

test("in a text spaces and joiners are content", () => {
  expect(plainText("  می\u200cخواهم\u00a0 \u202E")).toBe("  می\u200cخواهم\u00a0 ‹U+202E›");
});

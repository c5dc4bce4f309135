/** The vectors are committed, and never change by accident: whoever changes the format sees it here. */
import fs from "node:fs";
import { describe, expect, test } from "vitest";
import { makeVectors } from "./make/index.ts";

const folder = new URL(".", import.meta.url);

describe("the vectors", () => {
  test("are what scripts/make-vectors.mjs makes, byte for byte", async () => {
    const made = await makeVectors();
    for (const [name, text] of made) {
      const committed = fs.readFileSync(new URL(name, folder), "utf8");
      // Compared as a boolean first: a difference of half a megabyte is no help to anybody.
      expect(
        committed === text,
        `${name} is not what the generator makes: run scripts/make-vectors.mjs, then look at git diff`,
      ).toBe(true);
    }
    expect(
      fs
        .readdirSync(folder)
        .filter((name) => name.endsWith(".json"))
        .sort(),
    ).toEqual([...made.keys()].sort());
  });
});

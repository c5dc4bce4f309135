/** Names that are refused, and that the documents name them. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { checkName, ROUTE_NAMES } from "../../src/catalog/index.ts";

const root = new URL("../../", import.meta.url);

describe("a team", () => {
  test.each(ROUTE_NAMES)("is not named %s, in whatever case or width, for paths of the server begin so", (name) => {
    const wide = name.replace(/[a-z]/g, (letter) => String.fromCodePoint((letter.codePointAt(0) as number) + 0xfee0));
    for (const form of [name, name.toUpperCase(), wide]) {
      expect(() => checkName("team", form), form).toThrow(expect.objectContaining({ code: "NAME_INVALID" }));
    }
    for (const kind of ["experiment", "type", "artifact", "run", "tag"] as const)
      expect(checkName(kind, name)).toBe(name);
  });

  test("may have a name that only begins so", () => {
    for (const name of ["experiment", "api-team", "logins"]) expect(checkName("team", name)).toBe(name);
  });
});

test.each(["docs/cli.md", "docs/format.md"])("%s names them all, in order", (file) => {
  const listed = ROUTE_NAMES.map((name) => `\`${name}\``).join(", ");
  expect(readFileSync(new URL(file, root), "utf8")).toContain(listed);
});

/** The page about errors has every code, with its exit code and meaning as the source has them. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { errorCodes } from "../../src/errors.ts";
import { readProjectFile, root } from "./markdown.ts";

test("its table is what the script makes of the source", () => {
  const { status, stderr } = spawnSync(process.execPath, [`${root}scripts/errors-table.mjs`, "--check"], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("its table has every code once", () => {
  const rows = [...readProjectFile("docs/errors.md").matchAll(/^\| `([A-Z_]+)` *\| (\d+) *\|/gm)];
  expect(Object.fromEntries(rows.map(([, code, exit]) => [code, Number(exit)]))).toEqual({ ...errorCodes });
  expect(rows).toHaveLength(Object.keys(errorCodes).length);
});

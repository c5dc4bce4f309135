/** Settings that cannot be read are told as such. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { resolveSettings } from "../../src/store/index.ts";
import { scratch, writeFiles } from "../support/stores.ts";

test.each([
  ["that cannot be read", "READ_FAILED", (file: string) => mkdirSync(file)],
  ["that are no JSON", "USAGE", (file: string) => writeFiles(path.dirname(file), { "config.json": "team: x" })],
])("settings %s are %s, and name their file", (_, code, make) => {
  const cwd = scratch();
  mkdirSync(path.join(cwd, ".artifold"));
  const file = path.join(cwd, ".artifold", "config.json");
  make(file);
  const resolve = (): unknown => resolveSettings({}, { cwd, environment: { XDG_CONFIG_HOME: cwd, HOME: cwd } });
  expect(resolve).toThrow(expect.objectContaining({ code, message: expect.stringContaining(file) }));
});

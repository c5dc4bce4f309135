/** A command that is interrupted from the keyboard ends with the code of the signal, and leaves nothing half done. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { command, commandJson, type Ended, startCommand } from "../support/command.ts";
import { noise, treeOf } from "../support/folders.ts";
import { scratch, until } from "../support/stores.ts";

let folder: string;
let store: string;
let data: string;

beforeEach(() => {
  folder = scratch();
  store = path.join(folder, "store");
  data = path.join(folder, "data");
  mkdirSync(data);
  for (let file = 0; file < 30; file++) writeFileSync(path.join(data, `file-${file}`), noise(1_500_000, file + 1));
});

/** Runs the command and interrupts it as soon as a condition holds. */
async function interrupted(args: readonly string[], when: () => boolean): Promise<Ended> {
  const { child, ended } = startCommand(store, args);
  let hasEnded = false;
  const watched = ended.then(() => {
    hasEnded = true;
  });
  await until("the moment of the signal", () => hasEnded || when());
  child.kill("SIGINT");
  await watched;
  const end = await ended;
  expect(end.stderr).not.toContain("    at ");
  // The signal may come too late, and then all was done.
  expect([0, 130]).toContain(end.code);
  return end;
}

function names(place: string): string[] {
  return existsSync(place) ? readdirSync(place) : [];
}

const upload = ["upload", "--name", "sample", "--type", "dataset", "--no-progress"];

test("an interrupted upload makes no version, leaves nothing unfinished, and can be made again", async () => {
  const packs = path.join(store, "packs");
  const { code } = await interrupted([...upload, data], () => names(packs).some((name) => !name.endsWith(".pack")));
  expect(names(packs).filter((name) => !name.endsWith(".pack"))).toEqual([]);
  expect(await commandJson(store, ["verify"])).toMatchObject({ ok: true, problems: [] });
  const again = await commandJson(store, [...upload, data]);
  expect(again).toMatchObject({ version: "V1", changed: code !== 0 });
});

test("an interrupted download leaves whole files only, and the next one completes it", async () => {
  expect((await command(store, [...upload, data])).code).toBe(0);
  const target = path.join(folder, "target");
  await interrupted(["download", "sample", "--to", target, "--no-progress"], () => names(target).length > 0);
  const whole = treeOf(data);
  for (const [name, what] of Object.entries(treeOf(target))) expect([name, what]).toEqual([name, whole[name]]);
  expect((await command(store, ["download", "sample", "--to", target])).code).toBe(0);
  expect(treeOf(target)).toEqual(whole);
});

/** Ctrl-C, an end asked for by the system, and readers that stop reading. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { command, commandJson, commandPath, startCommand } from "../support/command.ts";
import { noise, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { until } from "../support/stores.ts";

const asSample = ["--name", "sample", "--type", "dataset"];

/** A folder whose upload takes long enough to be met in the middle of it. */
function largeFolder(): string {
  const folder = temporaryFolder();
  plant(folder, Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`${at}.bin`, noise(4 << 20, at + 1)])));
  return folder;
}

function packedBytes(store: string): number {
  const packs = path.join(store, "packs");
  if (!fs.existsSync(packs)) return 0;
  return fs.readdirSync(packs).reduce((sum, name) => sum + fs.statSync(path.join(packs, name)).size, 0);
}

describe.skipIf(process.platform === "win32")("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s in the middle of an upload: exit %i, no version, and the next upload makes it",
    async (signal, code) => {
      const folder = largeFolder();
      const store = path.join(temporaryFolder(), "store");
      const { child, ended } = startCommand(store, ["upload", folder, ...asSample, "--json"]);
      await until("content is stored", () => packedBytes(store) > 0);
      child.kill(signal);
      const end = await ended;
      expect(end.code).toBe(code);
      expect(JSON.parse(end.stdout).error).toMatchObject({ happened: "no", message: expect.stringContaining(signal) });
      expect(end.stderr).not.toMatch(/ at .*\.js:\d+/);
      expect(await commandJson(store, ["ls"])).toEqual([]);
      expect(await commandJson(store, ["verify"])).toMatchObject({ ok: true, problems: [] });
      expect(await commandJson(store, ["upload", folder, ...asSample])).toMatchObject({ version: "V1", files: 24 });
    },
  );

  test("SIGINT in the middle of a download: whole files or none, and the same download goes on", async () => {
    const folder = largeFolder();
    const store = path.join(temporaryFolder(), "store");
    await command(store, ["upload", folder, ...asSample]);
    const out = path.join(temporaryFolder(), "out");
    const { child, ended } = startCommand(store, ["download", "sample", "--to", out]);
    await until(
      "a file is written",
      () => fs.existsSync(out) && fs.readdirSync(out).some((name) => /^\d+\.bin$/.test(name)),
    );
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    // It may have been done before the signal came.
    if (code !== 0) {
      expect(code).toBe(130);
      expect(stderr).toContain("goes on from there");
      const whole = treeOf(folder);
      for (const [name, what] of Object.entries(treeOf(out))) expect([whole[name], undefined]).toContain(what);
    }
    expect((await command(store, ["download", "sample", "--to", out])).code).toBe(0);
    expect(treeOf(out)).toEqual(treeOf(folder));
  });
});

test.skipIf(process.platform === "win32")("a reader that stops reading ends the command quietly", async () => {
  const folder = temporaryFolder();
  const store = path.join(temporaryFolder(), "store");
  plant(folder, { "big.bin": noise(16 << 20) });
  await command(store, ["upload", folder, ...asSample]);
  for (const args of ["cat sample:V1/big.bin", "ls --recursive sample", "log", "help upload"]) {
    const env = { ...process.env, ARTIFOLD_STORE: store };
    const child = spawn("sh", ["-c", `"$0" "$1" ${args} | true`, process.execPath, commandPath], { env });
    const err: Buffer[] = [];
    child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ args, code, err: Buffer.concat(err).toString() }).toEqual({ args, code: 0, err: "" });
  }
});

test.skipIf(!fs.existsSync("/dev/full"))("a full output is an error in words", async () => {
  const folder = temporaryFolder();
  const store = path.join(temporaryFolder(), "store");
  plant(folder, { "a.txt": "a" });
  await command(store, ["upload", folder, ...asSample]);
  const env = { ...process.env, ARTIFOLD_STORE: store };
  const child = spawn("sh", ["-c", `"$0" "$1" cat sample:V1/a.txt > /dev/full`, process.execPath, commandPath], {
    env,
  });
  const err: Buffer[] = [];
  child.stderr.on("data", (bytes: Buffer) => err.push(bytes));
  expect(await new Promise((resolve) => child.on("close", resolve))).toBe(1);
  expect(Buffer.concat(err).toString()).toMatch(/^error: .*ENOSPC\n$/);
});

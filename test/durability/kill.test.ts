/** A process that is killed at any moment of an upload leaves the old versions, or the new one, and nothing between. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashContent } from "../../src/digest/index.ts";
import { openStore } from "../../src/index.ts";
import { command, commandJson, startCommand } from "../support/command.ts";

let folder: string;
let store: string;
let data: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-kill-"));
  store = path.join(folder, "store");
  data = path.join(folder, "data");
  mkdirSync(data);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Content that depends on two numbers only, and does not compress. */
function content(round: number, file: number, bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at * 32 < bytes; at++) {
    blocks.push(Buffer.from(hashContent(Buffer.from(`${round} ${file} ${at}`)), "hex"));
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}

function writeRound(round: number): void {
  // Some of each round: small ones that ride in the journal, and enough to need packs every other time.
  const bytes = round % 2 === 0 ? 40_000 : 400_000;
  for (let file = 0; file < 20; file++) writeFileSync(path.join(data, `file-${file}`), content(round, file, bytes));
}

test("killed at many moments, an upload is there whole or not at all", { timeout: 180_000 }, async () => {
  const upload = ["upload", data, "--name", "sample", "--type", "dataset", "--mirror", "--json", "--no-progress"];
  writeRound(0);
  const started = performance.now();
  expect((await command(store, upload)).code).toBe(0);
  const duration = performance.now() - started;
  let acknowledged = 1;
  let killed = 0;
  for (let round = 1; round <= 16; round++) {
    writeRound(round);
    const run = startCommand(store, upload);
    // From before the store is open to after the process would have ended.
    await Promise.race([run.ended, delay((duration * (round % 8)) / 7)]);
    run.child.kill("SIGKILL");
    const { code } = await run.ended;
    if (code === null) killed++;

    const versions = await versionsOf();
    expect(versions).toEqual(Array.from({ length: versions.length }, (_, number) => number + 1));
    expect([acknowledged, acknowledged + 1]).toContain(versions.length);
    if (code === 0) expect(versions.length).toBe(acknowledged + 1);
    // A version that nobody was told of is whole as well.
    if (versions.length > acknowledged) await expectRound(versions.length, round);
    acknowledged = versions.length;
  }
  expect(killed).toBeGreaterThan(5);
  expect(await commandJson(store, ["verify"])).toMatchObject({ ok: true, problems: [] });
  writeRound(99);
  expect(await commandJson(store, upload)).toMatchObject({ version: `V${acknowledged + 1}`, changed: true });
  await expectRound(acknowledged + 1, 99);
  expect(readdirSync(path.join(store, "packs")).filter((name) => !name.endsWith(".pack"))).toEqual([]);
});

async function versionsOf(): Promise<number[]> {
  await using open = await openStore(store, { workers: 0 });
  const numbers: number[] = [];
  for await (const version of open.versions("sample")) numbers.unshift(version.number);
  return numbers;
}

async function expectRound(number: number, round: number): Promise<void> {
  await using open = await openStore(store, { workers: 0 });
  const version = await open.getArtifact({ name: "sample", tag: `V${number}` });
  expect(version.files).toBe(20);
  for (let file = 0; file < 20; file++) {
    const bytes = await version.read(`file-${file}`);
    expect(Buffer.from(bytes).equals(content(round, file, bytes.length)), `file-${file} of round ${round}`).toBe(true);
  }
}

test("two processes that upload at once both survive", { timeout: 120_000 }, async () => {
  const folders = [0, 1].map((side) => {
    const each = path.join(folder, `side-${side}`);
    mkdirSync(each);
    return each;
  });
  for (let round = 0; round < 5; round++) {
    folders.forEach((each, side) => {
      writeFileSync(path.join(each, `from-${side}-${round}`), content(round, side, 100_000));
    });
    const results = await Promise.all(
      folders.map((each) => command(store, ["upload", each, "--name", "sample", "--type", "dataset", "--json"])),
    );
    expect(results.map((result) => [result.code, result.stderr.includes("    at ")])).toEqual([
      [0, false],
      [0, false],
    ]);
    const numbers = results.map((result) => (JSON.parse(result.stdout) as { version: string }).version);
    expect(new Set(numbers)).toEqual(new Set([`V${2 * round + 1}`, `V${2 * round + 2}`]));
  }
  await using open = await openStore(store, { workers: 0 });
  const latest = await open.getArtifact({ name: "sample" });
  expect(latest.version).toBe("V10");
  for (let round = 0; round < 5; round++) {
    for (const side of [0, 1]) {
      const bytes = Buffer.from(await latest.read(`from-${side}-${round}`));
      expect(bytes.equals(content(round, side, 100_000))).toBe(true);
    }
  }
  expect(await open.verify()).toMatchObject({ ok: true, problems: [] });
});

/** Every example runs as it stands and prints what it says it prints. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const DEMO = "first-versions.mjs";

let place: string;

beforeEach(() => {
  place = mkdtempSync(path.join(tmpdir(), "artifold-examples-"));
});

afterEach(() => {
  rmSync(place, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example whose temporary folders are made in `place`. */
function run(example: string, ...args: string[]): Promise<Ran> {
  const env = { ...process.env, TMPDIR: place, TEMP: place, TMP: place };
  return new Promise((resolve) => {
    execFile(process.execPath, [examples + example, ...args], { env, cwd: place }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** What stands in the comment at an example's end. */
function promised(example: string): string | undefined {
  return /^\/\* Prints:\n(.*)^\*\/$/ms.exec(readFileSync(examples + example, "utf8"))?.[1];
}

describe("examples print what they say", () => {
  const names = readdirSync(examples).filter((name) => name.endsWith(".mjs") && name !== DEMO);
  test.each(names)("%s", async (name) => {
    const { code, stdout, stderr } = await run(name);
    expect(stderr).toBe("");
    expect(stdout).toBe(promised(name));
    expect(code).toBe(0);
    expect(readdirSync(place)).toEqual([]);
  });
});

test("the demo makes V1 and V2 of its own folder, no V3, and gets V1 back", async () => {
  const { code, stdout } = await run(DEMO);
  expect(code).toBe(0);
  expect(stdout).toMatch(/V1 {2}3 files/);
  expect(stdout).toMatch(/V2 {2}4 files/);
  expect(stdout).toContain("V2  nothing changed");
  expect(stdout).not.toContain("  V3  ");
  expect(stdout).toContain(`its README.md says: "# Cats\\n\\nTwo of them.\\n"`);
});

test("the demo versions a given folder and leaves it as it was", async () => {
  const folder = path.join(place, "mine");
  mkdirSync(path.join(folder, "deep", "er"), { recursive: true });
  writeFileSync(path.join(folder, "a.txt"), "a");
  writeFileSync(path.join(folder, "deep", "er", "b.bin"), Buffer.alloc(300_000, 7));
  const before = look(folder);
  const { code, stdout } = await run(DEMO, folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/V1 {2}2 files/);
  expect(stdout).toMatch(/V1 {2}nothing changed/);
  expect(stdout).toMatch(/V2 {2}3 files/);
  expect(stdout).toContain("2 files equal, 0 changed in your folder since");
  expect(look(folder)).toEqual(before);
});

test("the demo says what is wrong with a folder that is not there, and leaves nothing", async () => {
  const { code, stderr } = await run(DEMO, path.join(place, "nowhere"));
  expect(code).toBe(1);
  expect(stderr).toContain("does not exist");
  expect(stderr).not.toContain(" at ");
  expect(readdirSync(place)).toEqual([]);
});

/** All names of a folder, with what changes when they are written to. */
function look(folder: string): unknown[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .sort()
    .map((name) => {
      const { mtimeMs, ctimeMs, size, ino } = statSync(path.join(folder, name));
      return [name, mtimeMs, ctimeMs, ino, size];
    });
}

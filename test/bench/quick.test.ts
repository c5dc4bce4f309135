/** The benchmark runs, and what it says of writtenBytes, files and downloads holds. Times are not looked at. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

interface Fact {
  readonly fact: string;
  readonly measured: number;
  readonly limit: number;
  readonly holds: boolean;
}

const script = fileURLToPath(new URL("../../bench/run.mjs", import.meta.url));

test("a small run of every corpus ends well, and each fact is checked and holds", { timeout: 300_000 }, async () => {
  const work = mkdtempSync(path.join(os.tmpdir(), "artifold-bench-test-"));
  try {
    const json = path.join(work, "results.json");
    // Rejects where the exit code is not 0: one fact that does not hold is enough for that.
    await promisify(execFile)(process.execPath, [script, "--scale", "0.002", "--work", work, "--json", json], {
      maxBuffer: 1 << 24,
    });

    const facts: Fact[] = JSON.parse(readFileSync(json, "utf8")).facts;
    const checked = facts.map(({ fact }) => fact);
    for (const corpus of ["large", "many", "tiny-tenth", "tiny", "text"]) {
      expect(checked).toContain(`${corpus}: unchanged upload, writtenBytes`);
      expect(checked).toContain(`${corpus}: paths that differ after download`);
      expect(checked).toContain(`${corpus}: paths that differ after switch`);
      expect(checked).toContain(`${corpus}: verify, problems`);
    }
    expect(checked).toContain("large: 1 KiB inserted, writtenBytes");
    expect(checked).toContain("many: one file changed, writtenBytes beyond the file");
    expect(checked).toContain("history: files in the store after 20 versions");
    expect(facts.filter(({ measured, limit, holds }) => holds !== true || !(measured <= limit))).toEqual([]);
    expect(readdirSync(work), "the corpora are removed at the end").toEqual(["results.json"]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});

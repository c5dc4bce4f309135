/** The packed package in an empty project: what it holds, what it says without its native part, and that it works. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
let folder: string;
let files: readonly string[];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-package-"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const [packed] = JSON.parse(stdout) as [Packed];
  files = packed.files.map((file) => file.path);
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ name: "empty", private: true }));
  const tarball = path.join(folder, packed.filename);
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", tarball], { cwd: folder });
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs Node, or the installed command, in the project. */
async function inProject(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: folder, env: { ...process.env, ARTIFOLD_STORE: path.join(folder, "store") } };
  try {
    return { code: 0, ...(await run(process.execPath, [...args], options)) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

const installed = (): string => path.join(folder, "node_modules", "artifold", "dist", "cli.cjs");

test("it holds what is used and read, and nothing else", () => {
  expect(files).toEqual(
    expect.arrayContaining(["package.json", "README.md", "LICENSE", "dist/index.js", "dist/cli.cjs"]),
  );
  expect(files).toEqual(
    expect.arrayContaining([
      "dist/testing.js",
      "dist/server.js",
      "dist/client.js",
      "dist/web/index.html",
      "dist/content-worker.cjs",
    ]),
  );
  expect(files).toEqual(expect.arrayContaining(["dist/web/index.html", "dist/web/licenses/scripts.txt"]));
  expect(files.filter((file) => !/^(dist\/|docs\/|README|LICENSE|CHANGELOG|package\.json)/.test(file))).toEqual([]);
});

test("without its native part it says how to install it, with npm and with pnpm, and nothing more", async () => {
  const { code, stdout, stderr } = await inProject([installed(), "store", "create", path.join(folder, "made")]);
  expect(code).toBe(1);
  expect(stderr + stdout).toContain("npm rebuild better-sqlite3");
  expect(stderr + stdout).toContain("pnpm approve-builds");
  expect(stderr + stdout).not.toMatch(/^\s+at /m);
});

test("with it, the command, import, require and the testing module work", { timeout: 600_000 }, async () => {
  await run("npm", ["rebuild", "better-sqlite3"], { cwd: folder });
  mkdirSync(path.join(folder, "data"));
  writeFileSync(path.join(folder, "data", "a.txt"), "a");
  const upload = [installed(), "upload", "data", "--name", "sample", "--type", "dataset", "--json"];
  const uploaded = await inProject(upload);
  expect(JSON.parse(uploaded.stdout)).toMatchObject({ version: "V1", files: 1 });

  const imported = `import { openStore } from "artifold";
    const store = await openStore();
    console.log((await store.getArtifact({ name: "sample" })).ref);
    await store.close();`;
  const required = `const { openStore } = require("artifold");
    openStore().then(async (store) => {
      console.log((await store.getArtifact({ name: "sample" })).ref);
      await store.close();
    });`;
  const tested = `import { temporaryStore } from "artifold/testing";
    const temporary = await temporaryStore();
    console.log(typeof temporary.store.artifact);
    await temporary.remove();`;
  const line = "local/uncategorized/sample:V1\n";
  expect(await inProject(["--input-type=module", "-e", imported])).toMatchObject({ code: 0, stdout: line, stderr: "" });
  expect(await inProject(["--input-type=commonjs", "-e", required])).toMatchObject({ code: 0, stdout: line });
  expect(await inProject(["--input-type=module", "-e", tested])).toMatchObject({ code: 0, stdout: "function\n" });
});

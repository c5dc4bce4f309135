// The dashboard in a real browser, on a large store: how long until something useful is seen, and until a click is answered.
//
//   node bench/dashboard.mjs [--files 1000000] [--versions 10000] [--artifacts 1000] [--store DIR] [--repeats 20]
//
// Needs a built dist and Debian's chromium. The store is made once and kept in bench/.work unless --store says where.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { openStore } from "../dist/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    files: { type: "string", default: "1000000" },
    versions: { type: "string", default: "10000" },
    artifacts: { type: "string", default: "1000" },
    repeats: { type: "string", default: "20" },
    store: { type: "string" },
  },
});
const files = Number(values.files);
const versions = Number(values.versions);
const artifacts = Number(values.artifacts);
const repeats = Number(values.repeats);
const folder = values.store ?? `${root}bench/.work/dashboard-${files}-${versions}-${artifacts}`;
const FOLDER_FILES = 1000;
const scope = { team: "bench", experiment: "large", type: "dataset" };
const page = "/bench/experi/large/exp/artifacts/dataset";

if (!existsSync(folder)) await makeStore();
const server = await serve();
try {
  await measure(server.url);
} finally {
  server.child.kill("SIGTERM");
}

/** Half of the files in one folder, half in folders of a thousand; a second version with ten changes. */
async function makeStore() {
  const store = await openStore(folder);
  const tree = `${folder}.files`;
  rmSync(tree, { recursive: true, force: true });
  const half = Math.floor(files / 2);
  mkdirSync(`${tree}/flat`, { recursive: true });
  for (let at = 0; at < half; at++) writeFileSync(`${tree}/flat/${String(at).padStart(7, "0")}.txt`, `flat ${at}\n`);
  for (let at = 0; at < files - half; at++) {
    const name = `${tree}/d${String(Math.floor(at / FOLDER_FILES)).padStart(4, "0")}`;
    if (at % FOLDER_FILES === 0) mkdirSync(name);
    writeFileSync(`${name}/${at % FOLDER_FILES}.txt`, `deep ${at}\n`);
  }
  const large = await store.artifact({ ...scope, name: "large" });
  await large.add(tree);
  await large.upload({ message: `${files} files` });
  for (let at = 0; at < 10; at++) {
    await large.add(new TextEncoder().encode(`changed ${at}\n`), { as: `d${String(at).padStart(4, "0")}/1.txt` });
  }
  await large.upload({ message: "ten changes" });
  const many = await store.artifact({ ...scope, name: "many" });
  for (let at = 1; at <= versions; at++) {
    await many.add(new TextEncoder().encode(`state ${at}\n`), { as: "state.txt" });
    await many.upload({ message: `step ${at}` });
  }
  for (let at = 2; at < artifacts; at++) {
    const draft = await store.artifact({ ...scope, name: `artifact-${at}` });
    await draft.add(new TextEncoder().encode(`${at}\n`), { as: "a.txt" });
    await draft.upload();
  }
  await store.close();
  rmSync(tree, { recursive: true });
}

async function serve() {
  const child = spawn(process.execPath, [`${root}dist/cli.cjs`, "serve", "--port", "0", "--json", "--store", folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", () => reject(new Error("the server ended")));
  });
  return { child, url: JSON.parse(String(line)).url };
}

async function measure(url) {
  const executablePath = (process.env.PATH ?? "")
    .split(path.delimiter)
    .map((each) => path.join(each, "chromium"))
    .find((each) => existsSync(each));
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  const results = [];
  const note = (what, target, times) => results.push({ what, target, ...summary(times) });
  try {
    note("first useful paint: tree, versions, files", 1000, await firstPaints(browser, `${url}${page}/large/V2/files`));
    const tab = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    await tab.goto(`${url}${page}/large/V2/files`);
    await tab.locator(".file-grid .name").first().waitFor();
    const folders = Math.max(1, Math.floor((files - files / 2) / FOLDER_FILES));
    note(
      "a folder of 1,000 files",
      200,
      await times(tab, (at) => {
        const name = `d${String((at * 37) % folders).padStart(4, "0")}`;
        return {
          href: `${page}/large/V2/files?folder=${name}`,
          selector: ".folders a[aria-current]",
          text: name,
          also: ".file-grid .rows-row .name",
        };
      }),
    );
    note(
      "half of all files in one folder",
      200,
      await times(tab, (at) => ({
        href: at % 2 === 0 ? `${page}/large/V${1 + (at % 4) / 2}/files?folder=flat` : `${page}/large/V2/files`,
        selector: ".file-grid .rows-row .name",
        text: at % 2 === 0 ? "0000000.txt" : "d0000/",
      })),
    );
    note(
      "a version of many",
      200,
      await times(tab, (at) => {
        const version = `V${1 + ((at * 7919) % versions)}`;
        return {
          href: `${page}/many/${version}/overview`,
          selector: ".version-number",
          text: version,
          also: ".definition",
        };
      }),
    );
    note(
      "ten changes between two large versions",
      200,
      await times(
        tab,
        (at) => ({
          href: at % 2 === 0 ? `${page}/large/V2/diff?from=V1` : `${page}/large/V1/overview`,
          selector: at % 2 === 0 ? ".diff-grid .rows-row:nth-child(10) .name" : ".version-number",
          text: at % 2 === 0 ? "1.txt" : "V1",
        }),
        (at) => at % 2 === 0,
      ),
    );
  } finally {
    await browser.close();
  }
  console.log(`${files} files, ${versions} versions, ${artifacts} artifacts; milliseconds`);
  console.table(results);
}

/** From the beginning of a cold load until the tree's versions and the list's names are there. */
async function firstPaints(browser, url) {
  const found = [];
  for (let at = 0; at < Math.min(repeats, 10); at++) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const tab = await context.newPage();
    await tab.goto(url, { waitUntil: "commit" });
    found.push(
      await tab.evaluate(
        () =>
          new Promise((resolve) => {
            const look = () => {
              const isThere = document.querySelector(".tree-version b") && document.querySelector(".file-grid .name");
              if (isThere) resolve(performance.now());
              else requestAnimationFrame(look);
            };
            look();
          }),
      ),
    );
    await context.close();
  }
  return found;
}

/** From a click on a link until what it leads to is drawn. */
async function times(tab, step, counts = () => true) {
  const found = [];
  for (let at = 0; at < repeats * 2; at++) {
    const ms = await tab.evaluate(async ({ href, selector, text, also }) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const link = document.createElement("a");
      link.href = href;
      document.body.append(link);
      const start = performance.now();
      link.click();
      link.remove();
      const isThere = () =>
        document.querySelector(selector)?.textContent.includes(text) && (!also || document.querySelector(also));
      while (!isThere()) await frame();
      return performance.now() - start;
    }, step(at));
    if (counts(at)) found.push(ms);
    await tab.waitForTimeout(50);
  }
  return found;
}

function summary(all) {
  const sorted = all.toSorted((left, right) => left - right);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]);
  return { median: at(0.5), p95: at(0.95), max: Math.round(sorted.at(-1)), repeats: sorted.length };
}

/**
 * What push and pull cost: node bench/sync.mjs URL [--corpus small|tiny] [--scale 1] [--large MIB] [--work DIR]
 *
 * Makes a corpus, and one large file of random bytes in the middle of it; uploads it; pushes it to an empty place; pushes it
 * again unchanged, and with one file changed; reads 4 KiB from the middle of the large file into an empty store that knows
 * metadata only; and pulls the rest. Prints time, requests, how many of them one after another, bytes, and the peak memory
 * so far. The place needs to be empty, and stays filled.
 */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openRemote, openStore } from "../dist/index.js";
import { writeBlocks } from "./corpora/files.mjs";
import { corpusOf } from "./corpora/index.mjs";
import { randomBlocks } from "./corpora/seeded.mjs";
import { Trace, traced } from "./traced.mjs";

const { values, positionals } = parseArgs({
  options: {
    corpus: { type: "string", default: "small" },
    scale: { type: "string", default: "1" },
    large: { type: "string", default: "0" },
    work: { type: "string", default: tmpdir() },
  },
  allowPositionals: true,
});
const [url] = positionals;
const work = mkdtempSync(path.join(path.resolve(values.work), "artifold-sync-"));
const tree = path.join(work, "tree");
const largeBytes = Number(values.large) * 2 ** 20;
const trace = new Trace();

corpusOf(values.corpus, Number(values.scale)).make(tree, work);
const names = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const middle = names.sort(byName)[Math.floor(names.length / 2)];
const changed = path.join(middle.parentPath, middle.name);
const large = `${path.relative(tree, changed)}-large`;
if (largeBytes > 0) writeBlocks(path.join(tree, large), randomBlocks("sync", largeBytes));

const store = await open("one");
await upload(store);
// Finds out once what the place guarantees, and remembers it.
await store.remotes.check("place");
await measured("first push", () => store.push());
await measured("push of the same", () => store.push());
writeFileSync(changed, "changed");
await upload(store);
await measured("push of one changed file", () => store.push());
await store.close();

const far = await open("far");
await measured("pull of metadata", () => far.pull({ metadataOnly: true }));
const version = await far.resolve("tree");
if (largeBytes > 0) await measured("4 KiB of the large file", () => version.readRange(large, largeBytes / 2, 4096));
await measured("the rest", () => far.pull());
await measured("download", () => version.download(path.join(work, "out")));
await far.close();

function byName(left, right) {
  const [one, other] = [left, right].map((entry) => path.join(entry.parentPath, entry.name));
  return one < other ? -1 : 1;
}

async function open(name) {
  const opened = await openStore(path.join(work, name), {
    openRemote: async (address, options) =>
      traced(await openRemote(address, { ...options, environment: process.env }), trace),
  });
  await opened.remotes.add("place", url);
  return opened;
}

async function upload(to) {
  const draft = await to.artifact({ name: "tree", type: "dataset" });
  await draft.mirror(tree);
  await draft.upload();
}

async function measured(what, action) {
  trace.reset();
  const begun = performance.now();
  await action();
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  const { requests, inSequence, sent, received } = trace.sums;
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `${what}: ${seconds} s, ${requests} requests (${inSequence} one after another), ${sent} bytes sent, ${received} received, peak ${peak} MiB`,
  );
}

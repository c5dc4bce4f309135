/**
 * What a clone of many versions costs: node bench/clone.mjs URL [--versions 10000] [--every 1] [--work DIR]
 *
 * Makes versions of one small file and pushes after every so many of them to an empty place; then clones the metadata into an
 * empty store. Prints time, requests and bytes. The place stays filled.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openRemote, openStore } from "../dist/index.js";
import { Trace, traced } from "./traced.mjs";

const { values, positionals } = parseArgs({
  options: {
    versions: { type: "string", default: "10000" },
    every: { type: "string", default: "1" },
    work: { type: "string", default: tmpdir() },
  },
  allowPositionals: true,
});
const [url] = positionals;
const work = mkdtempSync(path.join(path.resolve(values.work), "artifold-clone-"));
const trace = new Trace();

const store = await open("one");
await store.remotes.check("place");
await measured("made and pushed", async () => {
  const draft = await store.artifact({ name: "sample", type: "dataset" });
  for (let number = 1; number <= Number(values.versions); number++) {
    await draft.add(Buffer.from(`content ${number}\n`), { as: "file.txt" });
    await draft.upload({ message: `step ${number}` });
    if (number % Number(values.every) === 0) await store.push();
    // Only sums are wanted here, and each call would be compared with all before.
    trace.reset();
  }
  await draft.close();
});
await store.close();

const far = await open("far");
await measured("clone of the metadata", () => far.pull({ metadataOnly: true }));
console.log(`the newest version is ${(await far.resolve("sample")).version}`);
await far.close();
rmSync(work, { recursive: true });

async function open(name) {
  const opened = await openStore(path.join(work, name), {
    openRemote: async (address, options) =>
      traced(await openRemote(address, { ...options, environment: process.env }), trace),
  });
  await opened.remotes.add("place", url);
  return opened;
}

async function measured(what, action) {
  trace.reset();
  const begun = performance.now();
  await action();
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  const { requests, inSequence, received } = trace.sums;
  const peak = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(
    `${what}: ${seconds} s, ${requests} requests (${inSequence} one after another), ${received} bytes received, peak ${peak} MiB`,
  );
}

/**
 * What push and pull cost: node bench/sync.mjs URL [--files 100000] [--work DIR]
 *
 * Makes a folder of small files, half random and half text, and one large one; uploads it; pushes it to an empty place; pushes
 * it again unchanged, and with one file changed; reads 4 KiB of the large file into an empty store that knows metadata only;
 * and clones. Prints time, requests and bytes of each. The place needs to be empty, and stays filled.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { openRemote, openStore } from "../dist/index.js";

const { values, positionals } = parseArgs({
  options: {
    files: { type: "string", default: "100000" },
    large: { type: "string", default: "1024" },
    work: { type: "string", default: tmpdir() },
  },
  allowPositionals: true,
});
const [url] = positionals;
const work = mkdtempSync(path.join(values.work, "artifold-sync-"));
const tree = path.join(work, "tree");
const count = Number(values.files);
const large = Number(values.large) * 1024 * 1024;

/** Requests and bytes of all remotes so far. */
const counts = { requests: 0, sentBytes: 0, receivedBytes: 0 };

makeTree();
const store = await open("one");
await store.remotes.add("place", url);
await upload(store);
// Finds out once what the place guarantees, and remembers it.
await store.remotes.check("place");
await measured("first push", () => store.push());
await measured("push of the same", () => store.push());
writeFileSync(file(Math.floor(count / 2)), "changed");
await upload(store);
await measured("push of one changed file", () => store.push());
await store.close();

const far = await open("far");
await far.remotes.add("place", url);
await measured("pull of metadata", () => far.pull({ metadataOnly: true }));
const version = await far.resolve("tree");
const before = { ...counts };
await measured("4 KiB of the large file", async () => {
  await version.readRange("large.bin", large / 2, 4096);
  return difference(before);
});
await measured("the rest", () => far.pull());
await far.close();

function makeTree() {
  for (let number = 0; number < count; number++) {
    if (number % 500 === 0) mkdirSync(path.dirname(file(number)), { recursive: true });
    const random = randomBytes(1000 + ((number * 7919) % 6000));
    writeFileSync(file(number), Buffer.concat([random, Buffer.alloc(random.length, `line ${number}\n`)]));
  }
  writeFileSync(path.join(tree, "large.bin"), randomBytes(large));
}

function file(number) {
  return path.join(tree, `folder-${Math.floor(number / 500)}`, `file-${number}.bin`);
}

function open(name) {
  return openStore(path.join(work, name), {
    openRemote: async (address, options) =>
      counting(await openRemote(address, { ...options, environment: process.env })),
  });
}

async function upload(to) {
  const draft = await to.artifact({ name: "tree", type: "dataset" });
  await draft.mirror(tree);
  await draft.upload();
}

async function measured(what, action) {
  const begun = performance.now();
  const { requests, sentBytes, receivedBytes } = await action();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${what}: ${seconds} s, ${requests} requests, ${sentBytes} bytes sent, ${receivedBytes} received`);
}

function difference(then) {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, value - then[name]]));
}

/** The same remote, counted. */
function counting(remote) {
  const heard = (options = {}) => ({
    ...options,
    onTraffic: async (what, more) => {
      counts[what === "requests" ? what : `${what}Bytes`] += more;
      await options.onTraffic?.(what, more);
    },
  });
  return {
    url: remote.url,
    get traits() {
      return remote.traits;
    },
    read: (key, range, options) => remote.read(key, range, heard(options)),
    create: (key, bytes, options) => remote.create(key, bytes, heard(options)),
    list: (prefix, after, options) => remote.list(prefix, after, heard(options)),
    delete: (key, options) => remote.delete(key, heard(options)),
    close: () => remote.close(),
  };
}

/**
 * What a remote far away costs: node bench/far-away.mjs [--dist DIR] [--count 200] [--latency 20] [--work DIR]
 *
 * Many artifacts of one small file, and one artifact of many versions, pushed to and pulled from a place in memory each of
 * whose answers takes so many milliseconds. Prints time and requests.
 *
 * @param --dist another build to measure, as of an older version
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Trace, traced } from "./traced.mjs";

const { values } = parseArgs({
  options: {
    dist: { type: "string", default: fileURLToPath(new URL("../dist", import.meta.url)) },
    count: { type: "string", default: "200" },
    latency: { type: "string", default: "20" },
    work: { type: "string", default: tmpdir() },
  },
});
const part = (name) => import(pathToFileURL(path.resolve(values.dist, name)).href);
const [{ openStore }, { memoryPlace }] = [await part("index.js"), await part("testing.js")];
const work = mkdtempSync(path.join(path.resolve(values.work), "artifold-far-"));
const count = Number(values.count);

const [place, here, there] = [memoryPlace(), await open("here"), await open("there")];
for (let at = 0; at < count; at++) await upload(here, `sample-${at}`, { file: `content ${at}` });
await measured(`first push of ${count} artifacts`, place, (remote) => here.push({ remote }));
await measured("first pull of them, with their content", place, (remote) => there.pull({ remote }));
await measured("push where nothing is new", place, (remote) => here.push({ remote }));
await measured("pull where nothing is new", place, (remote) => there.pull({ remote }));
for (const store of [here, there]) await store.close();

const maker = await open("maker");
const [oneByOne, atOnce] = [memoryPlace(), memoryPlace()];
for (let at = 0; at < count; at++) {
  await upload(maker, "sample", { [`file-${at % 20}`]: `content ${at} `.repeat(50) });
  await maker.push({ remote: oneByOne.open() });
}
await maker.push({ remote: atOnce.open() });
await maker.close();
for (const [how, from] of [
  ["each pushed by itself", oneByOne],
  ["pushed at once", atOnce],
]) {
  const store = await open(how);
  await measured(`clone of ${count} versions, ${how}`, from, (remote) => store.pull({ remote }));
  await store.close();
}
rmSync(work, { recursive: true });

function open(name) {
  return openStore(path.join(work, name), { workers: 0, user: "somebody" });
}

async function upload(store, name, files) {
  const draft = await store.artifact({ name, type: "dataset" });
  for (const [as, text] of Object.entries(files)) await draft.add(Buffer.from(text), { as });
  await draft.upload();
  await draft.close();
}

/** The same remote, each of whose answers takes a while. */
function farAway(remote) {
  const pause = () => new Promise((resolve) => setTimeout(resolve, Number(values.latency)));
  return {
    url: remote.url,
    traits: remote.traits,
    read: (...order) => pause().then(() => remote.read(...order)),
    create: (...order) => pause().then(() => remote.create(...order)),
    delete: (...order) => pause().then(() => remote.delete(...order)),
    async *list(...order) {
      await pause();
      yield* remote.list(...order);
    },
    close: () => remote.close(),
  };
}

async function measured(what, from, action) {
  const trace = new Trace();
  const begun = performance.now();
  await action(traced(farAway(from.open()), trace));
  const seconds = ((performance.now() - begun) / 1000).toFixed(2);
  console.log(`${what}: ${seconds} s, ${trace.sums.requests} requests`);
}

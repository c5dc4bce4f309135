/** Makes a store with many small versions of one artifact through the library; prints how long each upload took. */
import { library } from "./artifold.mjs";
import { randomText } from "./seeded.mjs";

const FILES = 100;
const FILE_BYTES = 1024;

const [folder, versions] = process.argv.slice(2);
const { openStore } = await import(library);
const store = await openStore(folder);
const artifact = await store.artifact({ name: "bench", type: "dataset" });
for (let file = 0; file < FILES; file++) {
  await artifact.add(randomText(`history ${file}`, FILE_BYTES), { as: `part-${file}.txt` });
}
const milliseconds = [];
for (let version = 1; version <= Number(versions); version++) {
  const start = performance.now();
  await artifact.add(randomText(`history version ${version}`, FILE_BYTES), { as: `part-${version % FILES}.txt` });
  const result = await artifact.upload();
  milliseconds.push(performance.now() - start);
  if (result.number !== version) throw new Error(`upload ${version} made ${result.version}`);
}
await artifact.close();
await store.close();
console.log(JSON.stringify(milliseconds));

// A file was spoilt some versions ago. Finds the last version in which it was well, and brings that one file back.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStore } from "artifold";

const place = await mkdtemp(path.join(tmpdir(), "artifold-restore-"));
const folder = path.join(place, "site");
const store = await openStore(path.join(place, "store"));
try {
  await makeHistory(folder);

  // Versions come newest first; a digest says whether a file differs, without reading it.
  let good;
  let newer;
  for await (const version of store.versions("site")) {
    const entry = await version.entry("config.json");
    const changed = newer !== undefined && newer.entry.digest !== entry.digest;
    if (changed) console.log(`config.json changed from ${version.version} to ${newer.version}`);
    newer = { version: version.version, entry };
    if (isJson(await version.read("config.json"))) {
      good = version;
      break;
    }
  }
  console.log(`it was well in ${good.version}`);

  // Only this path; `force`, for the file in the folder is not what the version has and would be a conflict.
  const { written } = await good.download(folder, { path: "config.json", force: true });
  console.log(`${written} file written: ${await readFile(path.join(folder, "config.json"), "utf8")}`);
  console.log(`index.html is still ${await readFile(path.join(folder, "index.html"), "utf8")}`);
} finally {
  await store.close();
  await rm(place, { recursive: true });
}

async function makeHistory(folder) {
  await mkdir(folder);
  const states = [
    { config: '{"port": 80}', page: "one" },
    { config: '{"port": 8080}', page: "two" },
    { config: '{"port": 80', page: "three" },
    { config: '{"port": 80', page: "four" },
  ];
  for (const { config, page } of states) {
    await writeFile(path.join(folder, "config.json"), config);
    await writeFile(path.join(folder, "index.html"), page);
    const site = await store.artifact({ name: "site", type: "code" });
    await site.mirror(folder);
    await site.upload();
  }
}

function isJson(bytes) {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}

/* Prints:
config.json changed from V2 to V3
it was well in V2
1 file written: {"port": 8080}
index.html is still four
*/

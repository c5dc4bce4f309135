// A tour of the library: a store in a folder of the program's own, without the command and without settings.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { openStore } from "artifold";

const place = await mkdtemp(path.join(tmpdir(), "artifold-embed-"));
// With a folder given, no environment and no settings are read.
const store = await openStore(path.join(place, "store"), { user: "ada" });
try {
  // A draft: what is added is read and stored when `add` resolves, and visible to others after `upload`.
  const report = await store.artifact({ name: "report", type: "text", team: "research", experiment: "bees" });
  await report.add(new TextEncoder().encode("hive,bees\n1,30000\n2,28000\n"), { as: "data/hives.csv" });
  await report.add(lines(), { as: "notes.txt" });
  await report.addReference("https://example.org/hives.tar", { as: "raw/hives.tar", size: 1_000_000, etag: "v7" });
  const first = await report.upload({ message: "first counts", metadata: { season: 2026 }, tags: ["draft"] });
  console.log(`${first.version}: ${first.files} files, ${first.bytes} bytes, changed: ${first.changed}`);

  // The same content again is the same version.
  await report.add(lines(), { as: "notes.txt" });
  const again = await report.upload();
  console.log(`${again.version}: changed: ${again.changed}`);

  const version = await store.getArtifact({ name: "report", tag: "draft" });
  console.log(`${version.ref} by ${version.createdBy}: ${version.message}, ${JSON.stringify(version.metadata)}`);
  for await (const { path: entryPath, kind, size } of version.entries()) console.log(`  ${kind} ${entryPath} ${size}`);
  for await (const item of version.list("data")) console.log(`  in data/: ${item.path}`);

  // A range is read and checked without the rest of the file.
  console.log(new TextDecoder().decode(await version.readRange("data/hives.csv", 10, 7)));

  const { written } = await version.download(path.join(place, "out"), { path: "*.txt" });
  console.log(`${written} file written`);
} finally {
  await store.close();
  await rm(place, { recursive: true });
}

/** Any async iterable of bytes is content; so are web streams and Node's Readable. */
async function* lines() {
  for (const line of ["the bees", "were counted", "twice"]) yield new TextEncoder().encode(`${line}\n`);
}

/* Prints:
V1: 2 files, 54 bytes, changed: true
V1: changed: false
research/bees/report:V1 by ada: first counts, {"season":2026}
  file data/hives.csv 26
  file notes.txt 28
  reference raw/hives.tar 1000000
  in data/: data/hives.csv
1,30000
1 file written
*/

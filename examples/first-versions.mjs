// What `npm run demo` shows: a folder becomes V1 and V2, and V1 comes back.
//
// With a folder as argument (`npm run demo -- ~/my-folder`) that one is versioned. It is only read.
import { createReadStream, rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isArtifoldError, openStore } from "artifold";

const place = await realpath(await mkdtemp(path.join(tmpdir(), "artifold-demo-")));
const own = process.argv[2];
process.on("SIGINT", () => {
  rmSync(place, { recursive: true, force: true });
  process.exit(130);
});
let shown = 0;
const store = await openStore(path.join(place, "store"));
try {
  await (own === undefined ? showSample() : showFolder(path.resolve(own)));
} catch (error) {
  // Nothing of a demo that failed is worth keeping; the folder that was given was only read.
  await store.close();
  await rm(place, { recursive: true, force: true });
  if (!isArtifoldError(error)) throw error;
  console.error(`\nThat did not work: ${error.message}${error.hint === undefined ? "" : `\n${error.hint}`}`);
  process.exitCode = 1;
} finally {
  await store.close();
}

/** The tour with a folder of our own. */
async function showSample() {
  const folder = path.join(place, "cats");
  await makeSample(folder);
  say("artifold keeps versions of folders. Here is a folder with three files:", "", `  ${folder}`);

  say("1. Upload it. An artifact that nobody uploaded before begins at V1.");
  const sample = await store.artifact({ name: "cats", type: "dataset" });
  command("upload cats --name cats --type dataset");
  await sample.add(folder);
  tell(await sample.upload({ message: "the first three" }));

  say("2. Add a file, change another, upload again: V2. Only what is new is stored.");
  await writeFile(path.join(folder, "pictures", "mia.svg"), picture("#d33"));
  await writeFile(path.join(folder, "README.md"), "# Cats\n\nThree of them now.\n");
  command("upload cats --name cats --type dataset");
  await sample.add(folder);
  const second = await sample.upload({ message: "Mia came" });
  tell(second);

  say("3. Upload once more. Nothing changed, so there is no V3.");
  command("upload cats --name cats --type dataset");
  await sample.add(folder);
  const third = await sample.upload();
  result(`${third.version}  ${third.changed ? "a new version" : "nothing changed"}`);

  say("4. This is what V2 holds. Each digest is the BLAKE3 of the file: `b3sum FILE` prints the same.");
  command("ls --recursive cats:V2");
  const v2 = await store.getArtifact({ name: "cats", tag: "V2" });
  for await (const { path: entryPath, size, digest } of v2.entries()) {
    result(`${String(size).padStart(6)}  ${digest.slice(0, 12)}…  ${entryPath}`);
  }

  say("5. What did V2 change?");
  command("diff cats:V1 cats:V2");
  const v1 = await store.getArtifact({ name: "cats", tag: "V1" });
  for await (const change of v1.diff(v2)) result(`${change.kind.padEnd(8)}  ${change.path}`);

  say("6. Get V1 back, into another folder. Every byte is checked on its way out.");
  command("download cats:V1 --to cats-as-it-was");
  const out = path.join(place, "cats-as-it-was");
  const { files, bytes } = await v1.download(out);
  result(`${count(files, "file")}, ${size(bytes)}, in ${out}`);
  result(`its README.md says: ${JSON.stringify(await readFile(path.join(out, "README.md"), "utf8"))}`);

  goOn("show cats:V2");
}

/** The tour with a folder of the user's, which is only read. */
async function showFolder(folder) {
  const query = { name: "demo", type: "folder" };
  const careful = { skipLinks: true, skipUnreadable: true, onProgress: progress };

  say(`1. Upload ${folder}. It is read and not touched; the store is in a temporary place.`);
  command(`upload ${folder} --name demo --type folder`);
  const artifact = await store.artifact(query);
  const first = await timed(async () => {
    await artifact.add(folder, careful);
    return artifact.upload({ onProgress: progress });
  });
  tell(first.value, first.seconds);
  for (const { path: entryPath, reason } of first.value.leftOut.slice(0, 5)) {
    result(`left out: ${entryPath} (${reason})`);
  }
  const more = first.value.leftOut.length - 5;
  if (more > 0) result(`left out: ${more} more`);

  say("2. Upload it again. Nothing changed, so there is no V2 yet; unchanged files are not read.");
  command(`upload ${folder} --name demo --type folder`);
  const again = await timed(async () => {
    await artifact.add(folder, careful);
    return artifact.upload();
  });
  result(
    `${again.value.version}  ${again.value.changed ? "a new version: the folder changed meanwhile" : "nothing changed"}, ${again.seconds}`,
  );

  say("3. Add one small file to the version (not to your folder): V2. It costs about what it weighs.");
  command("upload hello.txt --name demo --type folder");
  await artifact.add(Buffer.from("Hello from artifold.\n"), { as: "hello-from-artifold.txt" });
  tell(await artifact.upload());

  say("4. Download V1 elsewhere, and compare the copy with your folder byte by byte.");
  command("download demo:V1 --to demo-as-it-was");
  const out = path.join(place, "demo-as-it-was");
  const v1 = await store.getArtifact({ ...query, tag: "V1" });
  const download = await timed(() => v1.download(out, { onProgress: progress }));
  result(`${count(download.value.files, "file")}, ${size(download.value.bytes)}, ${download.seconds}`);
  const compared = { equal: 0, different: [] };
  for await (const { path: entryPath, kind } of v1.entries()) {
    if (kind !== "file") continue;
    progress({ phase: "compare", files: compared.equal });
    if (await isSame(path.join(folder, entryPath), path.join(out, entryPath))) compared.equal++;
    else compared.different.push(entryPath);
  }
  result(`${count(compared.equal, "file")} equal, ${compared.different.length} changed in your folder since`);
  await rm(out, { recursive: true, force: true });
  result("(the copy is removed again)");

  goOn("ls demo:V1");
}

/** Whether two files hold the same bytes. */
async function isSame(left, right) {
  const pieces = createReadStream(left, { highWaterMark: 1 << 20 })[Symbol.asyncIterator]();
  try {
    for await (const piece of createReadStream(right, { highWaterMark: 1 << 20 })) {
      if ((await pieces.next()).value?.equals(piece) !== true) return false;
    }
    return (await pieces.next()).done === true;
  } catch {
    // Whoever works in the folder may have removed the file meanwhile.
    return false;
  } finally {
    await pieces.return?.();
  }
}

async function makeSample(folder) {
  await mkdir(path.join(folder, "pictures"), { recursive: true });
  await writeFile(path.join(folder, "README.md"), "# Cats\n\nTwo of them.\n");
  await writeFile(path.join(folder, "pictures", "tom.svg"), picture("#444"));
  const rows = Array.from({ length: 2000 }, (_, day) => `${day},tom,${40 + ((day * 7) % 25)}`);
  await writeFile(path.join(folder, "naps.csv"), `day,cat,minutes\n${rows.join("\n")}\n`);
}

function picture(color) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="${color}" d="M1 1l2 2h3l2-2v7H1z"/></svg>\n`;
}

function say(...lines) {
  console.log(["", ...lines].join("\n"));
}

function command(text) {
  console.log(`\n  $ artifold ${text}`);
}

function result(text) {
  console.log(`  ${text}`);
}

function tell({ version, files, bytes, added, modified, newBytes }, seconds) {
  const took = seconds === undefined ? "" : `, ${seconds}`;
  result(`${version}  ${count(files, "file")}, ${size(bytes)}${took}`);
  result(`    ${added} added, ${modified} modified; ${size(newBytes)} of new content stored`);
}

function goOn(next) {
  say(
    "Go on by yourself with the same store:",
    "",
    `  node dist/cli.cjs ${next} --store ${path.join(place, "store")}`,
    "",
    "All of this lies in one folder, which you may delete:",
    "",
    `  ${place}`,
    "",
  );
}

function count(number, what) {
  return `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;
}

function size(bytes) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

async function timed(action) {
  const since = performance.now();
  const value = await action();
  return { value, seconds: `${((performance.now() - since) / 1000).toFixed(2)} s` };
}

/** Shows that something goes on, where somebody looks. */
function progress({ phase, files }) {
  if (!process.stderr.isTTY || performance.now() - shown < 100) return;
  shown = performance.now();
  process.stderr.write(`  ${phase}: ${count(files, "file")}\r`);
}

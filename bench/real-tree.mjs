/**
 * A real tree: npm packages of today, then newer versions of some of them and a few edits by hand. Both are uploaded and
 * downloaded, and compared with their source path by path: bytes, executable bits, links, empty folders. Needs npm and the registry.
 *
 * Usage: node bench/real-tree.mjs [WORK-FOLDER]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { cli } from "./artifold.mjs";
import { replaceFile } from "./edits.mjs";
import { describeTree, differences } from "./trees.mjs";

const MiB = 1 << 20;

const before = {
  "@babel/core": "7.24.7",
  "@mui/icons-material": "5.16.0",
  "@types/node": "20.14.0",
  "aws-sdk": "2.1650.0",
  "core-js": "3.37.1",
  "date-fns": "3.6.0",
  eslint: "9.5.0",
  lodash: "4.17.21",
  next: "14.2.4",
  "react-icons": "5.2.1",
  rxjs: "7.8.1",
  three: "0.165.0",
  typescript: "5.5.2",
  webpack: "5.92.0",
};
const after = { ...before, "core-js": "3.38.1", "date-fns": "4.1.0", three: "0.168.0", typescript: "5.6.2" };

const work = mkdtempSync(path.join(process.argv[2] ?? os.tmpdir(), "artifold-real-tree-"));
process.once("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const tree = path.join(work, "tree");
const copyOfFirst = path.join(work, "first");
const store = path.join(work, "store");

console.log("installing packages");
mkdirSync(tree);
install(before);
const first = describeTree(tree);
execFileSync("cp", ["-a", tree, copyOfFirst]);
const uploadOfFirst = upload("first");

console.log("installing newer versions of some, and editing by hand");
install(after);
editByHand();
const second = describeTree(tree);
const uploadOfSecond = upload("second");

const changed = differences(first, second);
const changedBytes = changed.reduce((sum, name) => sum + sizeInTree(name), 0);
console.log(`changed: ${changed.length} paths, ${mib(changedBytes)} in their new content`);

const facts = [
  ...downloadAndCompare("V1", first, copyOfFirst),
  ...downloadAndCompare("V2", second, tree),
  [
    `the second upload wrote at most the new content and 1 MiB (${mib(uploadOfSecond.writtenBytes)})`,
    uploadOfSecond.writtenBytes <= changedBytes + MiB,
  ],
  ["an unchanged upload wrote nothing", upload("unchanged").writtenBytes === 0],
  ["verify finds no problem", artifold("verify").problems.length === 0],
  ["all was taken", uploadOfFirst.leftOut.length + uploadOfSecond.leftOut.length === 0],
];
for (const [fact, holds] of facts) console.log(`${holds ? "holds" : "DOES NOT HOLD"}: ${fact}`);
if (facts.some(([, holds]) => !holds)) process.exitCode = 1;

function install(dependencies) {
  writeFileSync(path.join(tree, "package.json"), JSON.stringify({ name: "real-tree", private: true, dependencies }));
  const options = ["--ignore-scripts", "--omit=optional", "--legacy-peer-deps", "--no-audit", "--no-fund", "--silent"];
  execFileSync("npm", ["install", ...options], { cwd: tree, stdio: ["ignore", "ignore", "inherit"] });
}

/** What an installer does not do: a file moved, one removed, a bit set, a bit taken away, an empty folder, a program rewritten. */
function editByHand() {
  const inTree = (name) => path.join(tree, "node_modules", name);
  renameSync(inTree("lodash/zip.js"), inTree("lodash/zipped.js"));
  rmSync(inTree("rxjs/README.md"));
  chmodSync(inTree("lodash/lodash.js"), 0o755);
  chmodSync(inTree("typescript/bin/tsc"), 0o644);
  mkdirSync(path.join(tree, "empty", "folder"), { recursive: true });
  replaceFile(inTree("lodash/map.js"), Buffer.from("module.exports = (list, each) => list.map(each);\n"));
}

function upload(what) {
  const start = performance.now();
  const result = artifold("upload", tree, "--mirror", "--name", "tree", "--type", "code");
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const { version, files, bytes, added, modified, removed, newBytes, writtenBytes } = result;
  console.log(
    `${what} upload: ${version}, ${files} files, ${mib(bytes)}; ${added} added, ${modified} modified, ${removed} removed; ` +
      `${mib(newBytes)} of new content, ${mib(writtenBytes)} written, ${seconds} s`,
  );
  return result;
}

function downloadAndCompare(version, expected, source) {
  const target = path.join(work, version);
  artifold("download", `tree:${version}`, "--to", target);
  const differ = differences(expected, describeTree(target));
  const facts = [
    [
      `${version}: ${expected.size} paths, ${differ.length} differ in kind, bytes or executable bit`,
      differ.length === 0,
    ],
  ];
  // Another program's opinion, where it is there.
  const { error, status, stdout } = spawnSync("diff", ["-r", "--no-dereference", source, target], {
    maxBuffer: 1 << 26,
  });
  if (error === undefined)
    facts.push([`${version}: diff -r finds ${status === 0 ? "no difference" : stdout}`, status === 0]);
  return facts;
}

function artifold(...args) {
  const argv = [cli, ...args, "--store", store, "--json", "--no-progress"];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`artifold ${args.join(" ")}: exit ${status}\n${stdout}${stderr}`);
  return JSON.parse(stdout.toString());
}

function sizeInTree(name) {
  const stat = lstatSync(path.join(tree, name), { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : 0;
}

function mib(bytes) {
  return `${(bytes / MiB).toFixed(1)} MiB`;
}

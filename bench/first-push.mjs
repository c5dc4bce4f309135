/**
 * The first push of many small files beside restic and rclone, to one S3 server: node bench/first-push.mjs s3://BUCKET?endpoint=…
 * [--scale 1] [--rounds 3] [--tools artifold,restic,rclone] [--rclone-share 1] [--work DIR]
 *
 * The tools take turns, each time to a prefix of its own, which stays filled. artifold pushes from a store that holds the files,
 * and what it took to upload them into it is told beside it; the others read the files. Of rclone, which sends file by
 * file, a share of the folders can stand for all: what is told is then multiplied. Credentials come from the environment.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { corpusOf } from "./corpora/index.mjs";
import { measure } from "./measure.mjs";
import { program } from "./peers/find.mjs";
import { median } from "./report/medians.mjs";

const { values, positionals } = parseArgs({
  options: {
    scale: { type: "string", default: "1" },
    rounds: { type: "string", default: "3" },
    tools: { type: "string", default: "artifold,restic,rclone" },
    "rclone-share": { type: "string", default: "1" },
    work: { type: "string", default: tmpdir() },
  },
  allowPositionals: true,
});
const address = new URL(positionals[0]);
const endpoint = address.searchParams.get("endpoint");
const { AWS_ACCESS_KEY_ID: keyId = "", AWS_SECRET_ACCESS_KEY: secret = "" } = process.env;
const credentials = { AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret };
const work = mkdtempSync(path.join(path.resolve(values.work), "artifold-first-push-"));
const tree = path.join(work, "tree");
const part = path.join(work, "part");
const share = Number(values["rclone-share"]);
const tools = { artifold, restic, rclone };
/** Seconds, by what was done. */
const seconds = new Map();

corpusOf("small", Number(values.scale)).make(tree, work);
const folders = readdirSync(tree);
for (const name of folders.slice(0, Math.round(folders.length * share))) {
  cpSync(path.join(tree, name), path.join(part, name), { recursive: true });
}
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of values.tools.split(",")) tools[name](`${name}-${process.pid}-${round}`);
}
for (const [what, all] of seconds) {
  console.log(`${what}: ${median(all).toFixed(2)} s (${all.map((each) => each.toFixed(2)).join(", ")})`);
}
rmSync(work, { recursive: true });

function artifold(prefix) {
  const place = new URL(address);
  place.pathname = `${address.pathname}/${prefix}`;
  const store = path.join(work, "store");
  const cli = (...args) => [
    process.execPath,
    fileURLToPath(new URL("../dist/cli.cjs", import.meta.url)),
    ...args,
    "--store",
    store,
  ];
  timed("artifold upload", cli("upload", tree, "--name", "bench", "--type", "dataset"));
  run(cli("remote", "add", "place", place.href));
  run(cli("remote", "check", "place"));
  timed("artifold push", cli("push"));
  rmSync(store, { recursive: true });
}

function restic(prefix) {
  const repository = `s3:${endpoint}/${address.hostname}${address.pathname}/${prefix}`;
  const call = (...args) => [program("restic"), "--quiet", "--repo", repository, ...args];
  const env = { RESTIC_PASSWORD: "bench" };
  run(call("init"), env);
  timed("restic backup", call("backup", tree), env);
}

function rclone(prefix) {
  const settings = { TYPE: "s3", PROVIDER: "Other", ENDPOINT: endpoint, ENV_AUTH: "true", FORCE_PATH_STYLE: "true" };
  const env = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`RCLONE_CONFIG_PLACE_${name}`, value]),
  );
  const what = share === 1 ? "rclone copy" : `rclone copy, ${share} of the files, scaled`;
  timed(
    what,
    [program("rclone"), "copy", part, `place:${address.hostname}${address.pathname}/${prefix}`],
    env,
    1 / share,
  );
}

function timed(what, argv, env = {}, factor = 1) {
  // What was written before is not waited for in what is measured.
  spawnSync("sync");
  const { wallSeconds } = run(argv, env);
  seconds.set(what, [...(seconds.get(what) ?? []), wallSeconds * factor]);
}

function run(argv, env = {}) {
  return measure([{ argv, env: { ...credentials, ...env } }], { home: work, limitSeconds: 1800 });
}

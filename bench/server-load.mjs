/**
 * A server while eight clients download and upload at once: its memory, and how long its event loop is held.
 *
 * Usage: node bench/server-load.mjs [MEBIBYTES-A-CLIENT] [CLIENTS] [WORK-FOLDER]      (after npm run build)
 */
import { spawn } from "node:child_process";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { Client } from "../dist/client.js";
import { writeBlocks } from "./corpora/files.mjs";
import { randomBlocks } from "./corpora/seeded.mjs";

const MiB = 2 ** 20;
const mebibytes = Number(process.argv[2] ?? 1024);
const clients = Number(process.argv[3] ?? 8);
const work = mkdtempSync(path.join(process.argv[4] ?? os.tmpdir(), "artifold-server-load-"));
const cli = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
process.once("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

/**
 * Loaded into the server: tells how long its event loop was held, each time it is asked; and, where Linux says for how long a
 * thread that wants to run was given no processor, how long it was held without that.
 */
const watcher = path.join(work, "watcher.cjs");
writeFileSync(
  watcher,
  `const { isMainThread } = require("node:worker_threads");
  if (isMainThread) {
    const held = require("node:perf_hooks").monitorEventLoopDelay({ resolution: 5 });
    held.enable();
    const waited = () => {
      try {
        return Number(require("node:fs").readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
      } catch {
        return undefined;
      }
    };
    let [at, before, own] = [performance.now(), waited(), 0];
    setInterval(() => {
      const [now, after] = [performance.now(), waited()];
      if (after !== undefined) own = Math.max(own, now - at - (after - before));
      [at, before] = [now, after];
    }, 5).unref();
    process.on("SIGUSR2", () => {
      const told = { p99: held.percentile(99) / 1e6, most: held.max / 1e6, own: before === undefined ? null : own };
      process.stderr.write("HELD " + JSON.stringify(told) + "\\n");
      held.reset();
      own = 0;
    });
  }`,
);

const server = spawn(
  process.execPath,
  ["--require", watcher, cli, "serve", "--port", "0", "--json", "--store", path.join(work, "store")],
  { stdio: ["ignore", "pipe", "pipe"] },
);
let peak = 0;
const sampling = setInterval(() => {
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"));
  peak = Math.max(peak, Number(rss?.[1] ?? 0) * 1024);
}, 50);
try {
  const { url, login } = JSON.parse(String(await new Promise((resolve) => server.stdout.once("data", resolve))));
  const code = new URL(login).hash.slice("#code=".length);
  const { token } = await new Client({ url }).call("openSession", { body: { code } });
  const client = new Client({ url, token: () => token });
  const numbers = Array.from({ length: clients }, (_, number) => number);
  for (const number of numbers)
    writeBlocks(path.join(work, `${number}.bin`), randomBlocks(`load ${number}`, mebibytes * MiB));
  await held();
  await round("upload", () => Promise.all(numbers.map((number) => upload(client, url, token, number))));
  await round("download", () => Promise.all(numbers.map((number) => download(client, number))));
} finally {
  clearInterval(sampling);
  server.kill("SIGTERM");
}

async function round(what, action) {
  peak = 0;
  const start = performance.now();
  await action();
  const seconds = (performance.now() - start) / 1000;
  const { p99, most, own } = await held();
  const alone = own === null ? "" : ` (${own.toFixed(0)} ms without waiting for a processor)`;
  console.log(
    `${what}: ${clients} clients, ${mebibytes} MiB each, ${seconds.toFixed(1)} s, peak of the server ${Math.round(peak / MiB)} MiB, event loop held ${p99.toFixed(0)} ms at the 99th percentile, ${most.toFixed(0)} ms at most${alone}`,
  );
}

/** How long the event loop was held since the last question. */
async function held() {
  const told = new Promise((resolve) => {
    let text = "";
    const listen = (bytes) => {
      text += bytes;
      const line = /HELD (.*)\n/.exec(text);
      if (line === null) return;
      server.stderr.off("data", listen);
      resolve(JSON.parse(line[1]));
    };
    server.stderr.on("data", listen);
  });
  server.kill("SIGUSR2");
  return told;
}

function nameOf(number) {
  return { team: "local", experiment: "load", type: "dataset", name: `of-${number}` };
}

async function upload(client, url, token, number) {
  const { draft } = await client.call("openDraft", { params: nameOf(number) });
  const { hostname, port } = new URL(url);
  const request = http.request({
    ...{ hostname, port, method: "PUT", path: `/api/drafts/${draft}/file?path=content.bin` },
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/octet-stream",
      "content-length": mebibytes * MiB,
    },
  });
  const answered = new Promise((resolve, reject) => {
    request.once("response", (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    request.once("error", reject);
  });
  await pipeline(createReadStream(path.join(work, `${number}.bin`), { highWaterMark: MiB }), request);
  const status = await answered;
  if (status >= 300) throw new Error(`the server answered ${status}`);
  await client.call("finishDraft", { params: { draft }, body: { message: "load" } });
}

async function download(client, number) {
  const response = await client.fetch("file", {
    params: { ...nameOf(number), version: "V1" },
    query: { path: "content.bin" },
  });
  let bytes = 0;
  for await (const piece of response.body) bytes += piece.length;
  if (bytes !== mebibytes * MiB) throw new Error(`${bytes} bytes came`);
}

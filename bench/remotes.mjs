/**
 * How fast a remote moves: node bench/remotes.mjs URL [--serve DIR]
 *
 * Opens the remote at an address, puts and gets 1,000 bodies of 4 KiB (16 at once) and three of 64 MiB, and deletes them.
 * With --serve the folder is served by a process of its own and measured over HTTP: URL is then left out.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildRooms, importRoom } from "./internals.mjs";
import { median } from "./report/medians.mjs";

const { values, positionals } = parseArgs({
  options: { serve: { type: "string" }, behind: { type: "boolean" } },
  allowPositionals: true,
});

const built = await buildRooms("remote/index", "server/index");
const { openRemote } = await importRoom(built, "remote/index");

if (values.behind) await serveFolder(values.serve);
else if (values.serve === undefined) await measure(positionals[0]);
else await measureServed(values.serve);

async function serveFolder(folder) {
  const { remoteHandler, serve } = await importRoom(built, "server/index");
  const server = await serve(remoteHandler(await openRemote(folder), { authorize: () => "yes" }));
  console.log(server.url);
  process.stdin.resume().once("end", () => server.close(0));
}

async function measureServed(folder) {
  const args = [fileURLToPath(import.meta.url), "--behind", "--serve", folder];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const url = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(String(text).trim())));
  await measure(url);
  child.stdin.end();
}

async function measure(url) {
  const remote = await openRemote(url, { environment: process.env, onWarning: console.error });
  const base = `bench/${randomBytes(8).toString("hex")}`;
  const small = randomBytes(4096);
  const large = randomBytes(64 * 1024 * 1024);
  await remote.create(`${base}/first`, small);
  const put = await rate(1000, 16, (number) => remote.create(`${base}/small/${number}`, small));
  const get = await rate(1000, 16, (number) => remote.read(`${base}/small/${number}`));
  const alone = await rate(200, 1, (number) => remote.create(`${base}/alone/${number}`, small));
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  const [puts, gets] = [[], []];
  for (let round = 0; round < 3; round++) {
    puts.push(64 * (await rate(1, 1, () => remote.create(`${base}/large/${round}`, large))));
    gets.push(64 * (await rate(1, 1, () => remote.read(`${base}/large/${round}`))));
  }
  clearInterval(timer);
  console.log(`${remote.url}`);
  console.log(
    `4 KiB, 16 at once: ${put.toFixed(0)} creates/s, ${get.toFixed(0)} reads/s; one by one: ${alone.toFixed(0)} creates/s`,
  );
  console.log(`64 MiB: create ${median(puts).toFixed(0)} MiB/s, read ${median(gets).toFixed(0)} MiB/s`);
  console.log(`memory while they move: ${((most - before) / 2 ** 20).toFixed(0)} MiB more than before`);
  for await (const { key } of remote.list(`${base}/`)) await remote.delete(key);
  await remote.close();
}

/** Calls a second. */
async function rate(count, atOnce, call) {
  const began = performance.now();
  let next = 0;
  const work = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return count / ((performance.now() - began) / 1000);
}

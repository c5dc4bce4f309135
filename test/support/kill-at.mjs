// Loaded into a command with NODE_OPTIONS. It counts the bytes that the command writes below a folder, and the calls of
// files that it makes there, and at the place that a test has chosen the process ends itself with SIGKILL: the byte before
// is written, the next is not; the call before has happened, the next has not.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { isMainThread } from "node:worker_threads";

const { KILL_BELOW: below, KILL_WAY: way, KILL_AT: at, KILL_COUNTS: counts } = process.env;
const passed = { up: 0, down: 0 };
const files = new Set();
const { writeSync, writeFileSync } = fs;

const isBelow = (name) => typeof name === "string" && (name === below || name.startsWith(below + path.sep));
const tell = () => writeFileSync(counts, JSON.stringify(passed));

function die() {
  tell();
  process.kill(process.pid, "SIGKILL");
  for (;;);
}

function count() {
  if (way === "down" && passed.down >= Number(at)) die();
  passed.down++;
}

function replace(name, make) {
  const original = fs[name];
  fs[name] = Object.assign(make(original), original);
}

if (isMainThread && below !== undefined) {
  for (const name of ["lstatSync", "statSync", "mkdirSync", "linkSync", "renameSync", "unlinkSync", "readdirSync"]) {
    replace(name, (original) => (first, ...more) => {
      if (isBelow(first)) count();
      return original(first, ...more);
    });
  }
  replace("openSync", (original) => (name, ...more) => {
    if (!isBelow(name)) return original(name, ...more);
    count();
    const fd = original(name, ...more);
    files.add(fd);
    return fd;
  });
  replace("closeSync", (original) => (fd) => {
    files.delete(fd);
    return original(fd);
  });
  replace("fsync", (original) => (fd, done) => {
    if (files.has(fd)) count();
    return original(fd, done);
  });
  replace("write", (original) => (fd, buffer, offset, length, position, done) => {
    if (files.has(fd)) {
      count();
      const room = way === "up" ? Number(at) - passed.up : Number.POSITIVE_INFINITY;
      if (room <= length) {
        if (room > 0) passed.up += writeSync(fd, buffer, offset, room, position);
        die();
      }
      passed.up += length;
    }
    return original(fd, buffer, offset, length, position, done);
  });
  syncBuiltinESMExports();
  process.on("exit", tell);
}

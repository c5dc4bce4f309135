/**
 * Runs scripts from what V8 made of them the last time.
 *
 * To read and compile some hundred KiB of script takes longer than all else that a short command does. V8 gives out what it made
 * of a script and takes it back (https://nodejs.org/api/vm.html, `script.createCachedData`). It refuses by itself what another
 * version of it made, or what was made under other flags. Of what it takes back it checks no content: that is done here, as in
 * Node's own cache of compiled modules, which there is from Node 22 on only.
 */
import fs from "node:fs";
import path from "node:path";
import { deserialize, serialize } from "node:v8";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import { systemClock } from "./clock.ts";

/** Bytes of the checksum before the code. */
const CHECKSUM_BYTES = 4;

/** A file that was made so long ago, in milliseconds, goes when the next one is made: it is of a version that is gone, or cheap. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Runs a CommonJS script and those beside it that it requires by `./`. Their compiled forms are taken from a file. Where it is
 * missing, is not of use, or lacks one of them, it is made anew when the process ends well. Nothing but time depends on it.
 *
 * @param file the script; without `import()`, as are the others
 * @param require what gives all other modules
 * @param cache path of the file; its name changes whenever one of the scripts does. undefined: none
 */
export function runScripts(file: string, require: NodeJS.Require, cache: string | undefined): void {
  const known = cache === undefined ? new Map<string, Buffer>() : readCode(cache);
  const scripts = new Map<string, Script>();
  const modules = new Map<string, { exports: unknown }>();
  let isNew = false;

  function load(path_: string): unknown {
    const loaded = modules.get(path_);
    if (loaded !== undefined) return loaded.exports;
    const name = path.basename(path_);
    const cachedData = known.get(name);
    const script = new Script(wrapped(fs.readFileSync(path_, "utf8")), {
      filename: path_,
      ...(cachedData !== undefined && { cachedData }),
    });
    scripts.set(name, script);
    isNew ||= cachedData === undefined || script.cachedDataRejected === true;
    const folder = path.dirname(path_);
    const module = { exports: {} };
    modules.set(path_, module);
    const requireFrom = (id: string): unknown => (id.startsWith("./") ? load(path.join(folder, id)) : require(id));
    script.runInThisContext()(requireFrom, module, module.exports, path_, folder);
    return module.exports;
  }

  if (cache !== undefined) {
    // At the end, when V8 has compiled what was called, and not only what a script begins with.
    process.once("exit", (exitCode) => {
      if (!isNew || exitCode !== 0) return;
      for (const [name, script] of scripts) known.set(name, script.createCachedData());
      keepCode(cache, known);
    });
  }
  load(file);
}

function wrapped(source: string): string {
  return `(function(require,module,exports,__filename,__dirname){${source}\n})`;
}

/** Reads what was kept, by the names of the scripts: nothing where it is damaged, or others could have written it. */
function readCode(cache: string): Map<string, Buffer> {
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(cache, "r");
    if (!isOwn(fs.fstatSync(descriptor))) return new Map();
    const bytes = fs.readFileSync(descriptor);
    const code = bytes.subarray(CHECKSUM_BYTES);
    return crc32(code) === bytes.readUInt32LE(0) ? deserialize(code) : new Map();
  } catch {
    return new Map();
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** Whether nobody but this user can have written a file: what is in it will be run. */
function isOwn(stat: fs.Stats): boolean {
  // Windows has neither, and keeps a user's folders from others by its own means.
  if (process.getuid === undefined) return true;
  return stat.uid === process.getuid() && (stat.mode & 0o022) === 0;
}

/** Not flushed, as what is published is: after a power cut the checksum tells. */
function keepCode(cache: string, scripts: ReadonlyMap<string, Buffer>): void {
  const folder = path.dirname(cache);
  const temporary = `${cache}.${process.pid}`;
  const code = serialize(scripts);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(code));
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeOld(folder);
    fs.writeFileSync(temporary, Buffer.concat([checksum, code]), { mode: 0o600, flag: "wx" });
    fs.renameSync(temporary, cache);
  } catch {
    // No room, no right to write, somebody else who does the same: the next start is no faster than this one.
  }
}

function removeOld(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    if (systemClock.now() - fs.statSync(file).mtimeMs > KEPT_MS) fs.rmSync(file);
  }
}

#!/usr/bin/env node
/** Starts the command, from what V8 made of it the last time where that was kept. */
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runScripts, userFolders } from "../platform/index.ts";

/** Tells one build of the command from another. Set when the bundle is made. */
declare const COMMAND_BUILD: string;

// Objects of an upload die with their batch. V8 may come to think that they live long, from one moment at which all of them are
// there, and makes them where only a large collection finds them: tens of MiB of a million files.
setFlagsFromString("--no-allocation-site-pretenuring");
// What is called at the start only would be forgotten before the end of a long command, and missing in what is kept of it.
setFlagsFromString("--no-flush-bytecode");

/** Where the compiled command is kept: one file for each word that follows `artifold`, for each calls other functions. */
function codeCache(): string | undefined {
  if (process.env["NODE_DISABLE_COMPILE_CACHE"]) return undefined;
  const word = /^[a-z]+$/.exec(process.argv[2] ?? "")?.[0] ?? "other";
  const name = `${word}-${COMMAND_BUILD}-${process.version}-${process.platform}-${process.arch}`;
  return path.join(userFolders(process.env).cache, "code", name);
}

runScripts(fileURLToPath(new URL("./command.cjs", import.meta.url)), createRequire(import.meta.url), codeCache());

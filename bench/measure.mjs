/** Runs a command as a whole process and says what it took. */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const meter = fileURLToPath(new URL("meter.py", import.meta.url));

/** A command that failed or took too long: told in the table, no end of the benchmark. */
export class StepFailed extends Error {}

/** Throws where nothing can be measured. */
export function checkMeter() {
  const { status } = spawnSync("python3", ["--version"], { stdio: "ignore" });
  if (status !== 0 || process.platform !== "linux") throw new Error("the benchmark needs Linux and python3");
}

/**
 * Runs commands one after another, with a home of their own, and adds up what they took; of memory the largest counts. One
 * that is `untimed` is run and not counted.
 *
 * @param home everything that a tool writes for itself goes below this folder
 * @returns seconds, bytes, and what the last one printed
 */
export function measure(commands, { home, limitSeconds }) {
  const total = { wallSeconds: 0, cpuSeconds: 0, peakBytes: 0, writtenBytes: 0, stdout: "" };
  for (const command of commands) {
    const used = runOne(command, home, limitSeconds);
    if (command.untimed) continue;
    total.wallSeconds += used.wallSeconds;
    total.cpuSeconds += used.cpuSeconds;
    total.peakBytes = Math.max(total.peakBytes, used.peakBytes);
    total.writtenBytes += used.writtenBytes;
    total.stdout = used.stdout;
  }
  return total;
}

function runOne({ argv, cwd, env }, home, limitSeconds) {
  const resultFile = path.join(home, "meter.json");
  const { stdout, stderr, status } = spawnSync("python3", [meter, resultFile, String(limitSeconds), ...argv], {
    cwd: cwd ?? home,
    env: { ...environmentIn(home), ...env },
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new StepFailed(lastLine(stderr));
  const used = JSON.parse(readFileSync(resultFile, "utf8"));
  rmSync(resultFile);
  if (used.late) throw new StepFailed(`over ${limitSeconds} s`);
  if (used.exit !== 0) throw new StepFailed(`exit ${used.exit}: ${lastLine(stderr)}`);
  return { ...used, stdout: stdout.toString() };
}

/** Nothing is written outside, and nothing of the user's settings is read. */
function environmentIn(home) {
  return {
    PATH: process.env.PATH,
    LANG: "C.UTF-8",
    HOME: home,
    TMPDIR: home,
    XDG_CACHE_HOME: path.join(home, "cache"),
    XDG_CONFIG_HOME: path.join(home, "config"),
    XDG_DATA_HOME: path.join(home, "data"),
    XDG_STATE_HOME: path.join(home, "state"),
  };
}

function lastLine(bytes) {
  return bytes.toString().trim().split("\n").at(-1).slice(0, 200);
}

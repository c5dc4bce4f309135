/** Runs a command as a whole process and says what it took. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";

// The kernel's own account of a child that has ended (wait4): exact, and not a sample taken now and then.
const PYTHON_METER = `
import os, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
kib = used.ru_maxrss // (1024 if sys.platform == "darwin" else 1)
open(sys.argv[1], "w").write("%f %f %d %d" % (used.ru_utime, used.ru_stime, kib, used.ru_oublock))
sys.exit(code)`;

const meters = [
  { name: "GNU time", wrap: (file) => ["time", "-o", file, "-f", "%U %S %M %O"] },
  { name: "python3 getrusage", wrap: (file) => ["python3", "-c", PYTHON_METER, file] },
];

/** The first of the meters that works here; undefined where none does: then only wall time is measured. */
export function findMeter() {
  const folder = mkdtempSync(path.join(os.tmpdir(), "artifold-meter-"));
  try {
    return meters.find(({ wrap }) => {
      const file = path.join(folder, "use");
      const [program, ...args] = wrap(file);
      const { status } = spawnSync(program, [...args, process.execPath, "--version"], { stdio: "ignore" });
      return status === 0 && /^[\d.]+ [\d.]+ \d+ \d+\s*$/.test(readFileSync(file, "utf8"));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A command that failed or took too long: told in the table, no end of the benchmark. */
export class StepFailed extends Error {}

/** Runs programs one after another and adds up what they took; the peak memory is that of the largest single process. */
export async function measure(commands, { meter, limitSeconds, scratch }) {
  const total = { wallSeconds: 0, cpuSeconds: 0, peakRssKiB: 0, writtenKiB: 0, stdout: "" };
  for (const command of commands) {
    const used = await runOne(command, meter, limitSeconds, path.join(scratch, "use"));
    if (command.untimed) continue;
    total.wallSeconds += used.wallSeconds;
    total.cpuSeconds += used.cpuSeconds;
    total.peakRssKiB = Math.max(total.peakRssKiB, used.peakRssKiB);
    total.writtenKiB += used.writtenKiB;
    total.stdout = used.stdout;
  }
  return total;
}

async function runOne(command, meter, limitSeconds, useFile) {
  const [program, ...args] = [...(meter?.wrap(useFile) ?? []), ...command.argv];
  const start = process.hrtime.bigint();
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that a limit ends the meter and what it measures.
    detached: true,
  });
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(-child.pid, "SIGKILL");
  }, limitSeconds * 1000);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const wallSeconds = Number(process.hrtime.bigint() - start) / 1e9;
  clearTimeout(timer);
  if (late) throw new StepFailed(`over ${limitSeconds} s`);
  if (code !== 0) throw new StepFailed(`exit ${code}: ${stderr().trim().split("\n").at(-1)}`);
  return { wallSeconds, ...readUse(meter, useFile), stdout: stdout() };
}

function readUse(meter, useFile) {
  if (meter === undefined) return { cpuSeconds: Number.NaN, peakRssKiB: Number.NaN, writtenKiB: Number.NaN };
  const [user, system, peakRssKiB, blocks] = readFileSync(useFile, "utf8").trim().split(" ").map(Number);
  return { cpuSeconds: user + system, peakRssKiB, writtenKiB: blocks / 2 };
}

function collect(stream) {
  const parts = [];
  stream.on("data", (part) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

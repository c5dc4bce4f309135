/** Runs sessions of the command line as documents show them, and gives them back with what was really printed. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "./markdown.ts";

/** The home folder in documents. */
const SHOWN_HOME = "/home/ada";

/** A session: commands, each followed by what it prints. */
function commandsOf(session: string): string[] {
  return session
    .split("\n")
    .filter((line) => line.startsWith("$ "))
    .map((line) => line.slice(2));
}

/** What differs from one run to the next, as it stands in documents. */
function normalise(output: string, home: string): string {
  return output
    .replaceAll(home, SHOWN_HOME)
    .replace(/, [0-9.]+ [KM]iB read/g, ", 15.6 KiB read")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "2026-11-24 09:30:00")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "2026-11-24T09:30:00.000Z");
}

/** Runs the commands of sessions one after another in one fresh home folder, as user ada. */
export function runSessions(sessions: readonly string[]): string[] {
  const home = realpathSync(mkdtempSync(path.join(tmpdir(), "artifold-docs-")));
  const { ARTIFOLD_STORE: _, XDG_DATA_HOME: __, XDG_CONFIG_HOME: ___, FORCE_COLOR: ____, ...environment } = process.env;
  const mark = "\u0001";
  const script = [
    `artifold() { "${process.execPath}" "${root}dist/cli.cjs" "$@"; }`,
    ...sessions.flatMap((session) =>
      commandsOf(session).flatMap((command) => [`printf '${mark}'`, `{ ${command}\n} 2>&1`]),
    ),
  ].join("\n");
  try {
    mkdirSync(path.join(home, "work"));
    const output = execFileSync("bash", ["-c", script], {
      cwd: home,
      encoding: "utf8",
      env: { ...environment, HOME: home, ARTIFOLD_USER: "ada", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const outputs = output.split(mark).slice(1);
    return sessions.map((session) =>
      commandsOf(session)
        .map((command) => `$ ${command}\n${normalise(outputs.shift() as string, home)}`)
        .join(""),
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

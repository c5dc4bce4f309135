/** Completion in real shells: a line is typed, Tab is pressed, and what then runs shows what was completed. */
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command, commandPath } from "../support/command.ts";

let folder: string;
let store: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-shell-"));
  store = path.join(folder, "store");
  const data = path.join(folder, "data");
  mkdirSync(path.join(data, "inner"), { recursive: true });
  writeFileSync(path.join(data, "note.txt"), "text of the note\n");
  writeFileSync(path.join(data, "inner", "deep.txt"), "text from deep inside\n");
  expect((await command(store, ["upload", data, "--name", "sample", "--type", "dataset"])).code).toBe(0);
  mkdirSync(path.join(folder, "bin"));
  const wrapper = path.join(folder, "bin", "artifold");
  writeFileSync(wrapper, `#!/bin/sh\nexec "${process.execPath}" "${commandPath}" "$@"\n`);
  chmodSync(wrapper, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const shells = [
  { shell: "bash", start: ["bash", "--norc", "-i"], setup: "source <(artifold completion bash)" },
  {
    shell: "zsh",
    start: ["zsh", "-f", "-i"],
    setup: "autoload -Uz compinit && compinit -u -D && source <(artifold completion zsh)",
  },
  { shell: "fish", start: ["fish", "--no-config", "-i"], setup: "artifold completion fish | source" },
];

/** Types into a shell at a terminal; prints all that it shows once the expected text is there, or after 30 s. */
const typist = `
import os, pty, select, sys, time
setup, line, expected, *start = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(start[0], start)
shown = b""
def until(text, seconds):
    global shown
    end = time.time() + seconds
    while text not in shown and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                shown += os.read(fd, 65536)
            except OSError:
                return
            # fish asks the terminal what it is, and waits for the answer.
            if b"\\x1b[0c" in shown or b"\\x1b[c" in shown:
                os.write(fd, b"\\x1b[?62;22c")
                shown = shown.replace(b"\\x1b[0c", b"").replace(b"\\x1b[c", b"")
os.write(fd, setup.encode() + b" && echo set-up-''done\\r")
until(b"set-up-done", 30)
os.write(fd, line.encode() + b"\\t")
# The shell takes the Enter after the Tab has been dealt with: keys are read in order.
os.write(fd, b"\\r")
until(expected.encode(), 30)
os.kill(pid, 9)
sys.stdout.write(shown.decode("utf8", "replace"))
`;

for (const { shell, start, setup } of shells) {
  const isMissing = [shell, "python3"].some((each) => spawnSync(each, ["--version"]).status !== 0);
  test.skipIf(isMissing).each([
    ["a command", "artifold doct", "node"],
    ["an artifact", "artifold ls sampl", "note.txt"],
    ["a version", "artifold show --json sample:V", '"version":"V1"'],
    ["a path in a version", "artifold cat sample:V1/no", "text of the note"],
    ["a path in a folder", "artifold cat sample:V1/inner/de", "text from deep inside"],
  ])(`${shell} (needs ${shell} and python3) completes %s`, async (_, line, expected) => {
    const { stdout } = await promisify(execFile)("python3", ["-c", typist, setup, line, expected, ...start], {
      env: {
        ...process.env,
        PATH: `${path.join(folder, "bin")}:${process.env["PATH"]}`,
        HOME: folder,
        TERM: "xterm",
        ARTIFOLD_STORE: store,
      },
      cwd: folder,
    });
    expect(stdout.replace(/\s+/g, " ")).toContain(expected);
  });
}

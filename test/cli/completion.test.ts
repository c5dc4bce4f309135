/** Completion in real shells: a line is typed, Tab is pressed, and what then runs shows what was completed. */
import { execFile, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { command, commandPath } from "../support/command.ts";

let folder: string;
let store: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "artifold-shell-"));
  store = path.join(folder, "store");
  const data = path.join(folder, "data");
  mkdirSync(path.join(data, "inner"), { recursive: true });
  writeFileSync(path.join(data, "note.txt"), "text of the note\n");
  writeFileSync(path.join(data, "my note.txt"), "text of two words\n");
  mkdirSync(path.join(folder, "wo rk"));
  writeFileSync(path.join(data, "inner", "deep.txt"), "text from deep inside\n");
  expect((await command(store, ["upload", data, "--name", "sample", "--type", "dataset"])).code).toBe(0);
  mkdirSync(path.join(folder, "bin"));
  const wrapper = path.join(folder, "bin", "artifold");
  writeFileSync(wrapper, `#!/bin/sh\nexec "${process.execPath}" "${commandPath}" "$@"\n`);
  chmodSync(wrapper, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("what the scripts ask", () => {
  let two: string;

  beforeAll(async () => {
    two = path.join(folder, "two");
    for (const [type, tag] of [
      ["dataset", "gold"],
      ["model", "prod"],
    ] as const) {
      const args = ["upload", path.join(folder, "data"), "--name", "twin", "--type", type, "--tag", tag];
      expect((await command(two, args)).code).toBe(0);
    }
  });

  test.each([
    ["tags to move", ["tag", "twin", ""], ["gold", "prod"]],
    ["tags to take away", ["untag", "twin:V1", "--type", "model", ""], ["prod"]],
    ["tags in the words of the page", ["artifact", "download", "--name", "twin", "--tag", "g"], ["gold"]],
    ["versions of a name with two types", ["show", "twin:"], ["twin:V1", "twin:gold", "twin:latest", "twin:prod"]],
    ["versions of one of them", ["show", "--type=model", "twin:"], ["twin:V1", "twin:latest", "twin:prod"]],
    ["paths of a name with two types", ["cat", "twin:V1/no"], ["twin:V1/note.txt"]],
    ["a folder to compare with", ["diff", "twin:V1", "./"], [":folders"]],
    ["a folder to push to", ["push", "/"], [":folders"]],
    ["a command after options", ["--json", "--store", "none", "sho"], ["show"]],
    ["the value of an option before a command", ["--store", ""], [":folders"]],
    ["an option before a command", ["--sto"], ["--store"]],
    ["a command to help with", ["help", "remote", "c"], ["check"]],
    ["what is no address", ["show", "a b:"], []],
  ])("%s", async (_, words, expected) => {
    const { code, stdout } = await command(two, ["complete", "--", ...words]);
    expect({ code, lines: stdout.split("\n").slice(0, -1) }).toEqual({ code: 0, lines: expected });
  });

  test("names of the store that the line names", async () => {
    for (const line of [
      ["--store", two, "show", "t"],
      ["show", "--store", two, "t"],
      ["show", `--store=${two}`, "t"],
    ]) {
      expect((await command(store, ["complete", "--", ...line])).stdout).toBe("twin\n");
    }
  });
});

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
  const inQuotes: [string, string, string] = ["a path in quotes", 'artifold cat "sample:V1/my no', "text of two words"];
  test.skipIf(isMissing).each([
    ["a command", "artifold doct", "node"],
    ["an artifact", "artifold ls sampl", "note.txt"],
    ["a version", "artifold show --json sample:V", '"version":"V1"'],
    ["a path in a version", "artifold cat sample:V1/no", "text of the note"],
    ["a path in a folder", "artifold cat sample:V1/inner/de", "text from deep inside"],
    ["a path with spaces", "artifold cat sample:V1/my", "text of two words"],
    ["what follows a space", "artifold cat sample:V1/my\\ no", "text of two words"],
    ["a file with a space", "artifold diff sample:V1 ./wo", "3 differences"],
    // zsh leaves them open.
    ...(shell === "zsh" ? [] : [inQuotes]),
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

/** How the command is called: what it says to a wrong call, and the help that it gives. */
import { describe, expect, test } from "vitest";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { commands } from "../../src/cli/table.ts";
import { displayWidth } from "../../src/cli/text.ts";
import { command } from "../support/command.ts";
import { temporaryFolder } from "../support/folders.ts";
import { atTerminal, hasTerminals } from "../support/terminal.ts";

describe("a call that cannot be understood", () => {
  test.each([
    ["an unknown command", ["doctr"], "there is no command", "doctor"],
    ["an unknown command of two words", ["artifact", "uplod", "."], 'there is no command "artifact uplod"', ""],
    ["the first of two words alone", ["store"], "store is not a command by itself", "artifold store create"],
    ["help of an unknown command", ["help", "nothing"], "there is no command", "artifold help"],
    ["an unknown option", ["ls", "--recursiv"], "unknown option '--recursiv'", "--recursive"],
    ["an option without its value", ["ls", "--store"], "--store", "artifold ls --help"],
    ["an option without its value, and no command", ["--store"], "--store", "artifold help"],
    ["a value that looks like an option", ["upload", "x", "--name", "-x", "--type", "t"], "--name", "--name=-x"],
    ["a count that looks like an option", ["log", "-n", "-1"], "'-n'", "If -1 is its value, write --limit=-1."],
    ["an unknown short option", ["upload", "x", "-x"], "unknown option '-x'", "artifold upload --help"],
    ["a short option without its value", ["upload", "x", "-m"], "'-m", "artifold upload --help"],
    ["an argument that is missing", ["show"], "REF is missing", "artifold show --help"],
    ["an argument too many", ["show", "a", "b"], '"b" is one too many', "artifold show --help"],
    ["an empty folder", ["download", "a", "--to", "", "--clean", "--yes"], "--to is empty", "not set"],
    ["an empty store", ["ls", "--store="], "--store is empty", "not set"],
    ["an empty team", ["ls", "--team", ""], "--team is empty", "not set"],
    [
      "an empty glob among others",
      ["upload", "x", "--name", "n", "--type", "t", "--exclude", "a", "--exclude="],
      "--exclude is empty",
      "",
    ],
    ["an empty argument", ["upload", "", "--name", "n", "--type", "t"], "an argument is empty", "not set"],
    ["no name", ["upload", "x", "--type", "t"], "--name is missing", "--name"],
    ["no type", ["upload", "x", "--name", "n"], "--type is missing", "--type"],
    ["a name that is none", ["upload", "x", "--name", "a/b", "--type", "t"], "a/b", ""],
    [
      "metadata without a value",
      ["upload", "x", "--name", "n", "--type", "t", "--meta", "k"],
      "not a key",
      "KEY=VALUE",
    ],
    ["both winners", ["upload", "x", "--name", "n", "--type", "t", "--ours", "--theirs"], "exclude each other", ""],
    ["a shell without completion", ["completion", "csh"], "csh", "bash"],
    ["a range that is none", ["cat", "a:V1/x", "--range", "9-3"], "not a range", "FIRST-LAST"],
    ["a rest that is none", ["watch", ".", "--name", "n", "--type", "t", "--settle", "soon"], "seconds", ""],
  ])("%s: exit 2, one error and a hint, nothing made", async (_, args, message, hint) => {
    const folder = temporaryFolder();
    const plain = await command(`${folder}/store`, args);
    expect(plain).toMatchObject({ code: 2, stdout: "" });
    expect(plain.stderr).toMatch(/^error: .*\n(hint: .*\n)?$/);
    expect(plain.stderr).toContain(message);
    expect(plain.stderr).toContain(hint);
    const json = await command(`${folder}/store`, [...args, "--json"]);
    if (args.at(-1) !== "--store") {
      expect(json).toMatchObject({ code: 2, stderr: "" });
      const { error } = JSON.parse(json.stdout);
      expect(error).toMatchObject({ message: expect.stringContaining(message), happened: "no" });
      expect(Object.keys(error)).toEqual(["code", "message", "hint", "happened"]);
    }
  });

  test("no command at all: help on stderr and exit 2", async () => {
    const { code, stdout, stderr } = await command("none", []);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("Usage: artifold COMMAND");
  });

  test("no command but --json: one JSON document, as programs rely on", async () => {
    for (const args of [["--json"], ["--json", "-q"], ["--store", "x", "--json"]]) {
      const { code, stdout, stderr } = await command("none", args);
      expect({ code, stderr }).toEqual({ code: 2, stderr: "" });
      expect(JSON.parse(stdout)).toEqual({
        error: { code: "USAGE", message: "no command is named", hint: "`artifold help` lists them.", happened: "no" },
      });
    }
  });
});

test("options of every command may stand before it", async () => {
  const folder = temporaryFolder();
  const { code, stdout } = await command("none", ["--store", `${folder}/here`, "--json", "store", "create"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ path: `${folder}/here`, created: true });
  expect((await command("none", [`--store=${folder}/here`, "ls"])).stdout).toBe("no artifacts yet\n");
});

test("the version is a number, and alone", async () => {
  expect(await command("none", ["-V"])).toEqual(await command("none", ["--version"]));
  expect(await command("none", ["--version"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    stderr: "",
  });
});

describe("help", () => {
  test.each(commands)("of $name is the same by `help` and by `--help`, and says how it is called", ({ name }) => {
    const help = parseCommandLine(["help", ...name.split(" ")]);
    expect(parseCommandLine([...name.split(" "), "--help"])).toEqual(help);
    expect(help).toMatchObject({ exitCode: 0, text: expect.stringContaining(`Usage: artifold ${name}`) });
  });

  test("of all names every command that is not hidden", () => {
    const { text } = parseCommandLine(["help"]) as { text: string };
    expect(text).toContain("`artifold --version` (-V)");
    const listed = commands.filter(({ name }) => text.includes(`\n  ${name} `)).map(({ name }) => name);
    expect(listed).toEqual(commands.filter((command) => command.hidden !== true).map(({ name }) => name));
  });

  test.skipIf(!hasTerminals).each([80, 120])("fits a terminal of %i columns (needs python3)", async (columns) => {
    for (const args of [["help"], ["help", "upload"], ["help", "watch"], ["help", "meta"]]) {
      const { code, shown } = await atTerminal("none", args, { columns });
      expect(code).toBe(0);
      expect(shown.split("\n").filter((line) => displayWidth(line) > columns)).toEqual([]);
    }
  });
});

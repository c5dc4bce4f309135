/** Code in documents does what they say: sessions print what is shown, programs compile, run, and print what they promise. */
import { describe, expect, test } from "vitest";
import { runSessions } from "./console.ts";
import { blocksOf, readProjectFile } from "./markdown.ts";
import { complaintsOf, promisedOutput, runProgram } from "./programs.ts";

/** Documents whose code is run. In each, blocks of a language follow one another as one session or one program. */
const SESSIONS = ["README.md"];
const PROGRAMS = ["README.md", "docs/library.md", "docs/seed-map.md", "docs/server.md"];

describe("sessions print what is shown", () => {
  test.each(SESSIONS)("%s", (file) => {
    const sessions = blocksOf(readProjectFile(file), "console");
    expect(sessions).not.toEqual([]);
    expect(runSessions(sessions)).toEqual(sessions);
  });
});

describe("programs compile, run and print what they promise", () => {
  test.each(PROGRAMS)("%s", (file) => {
    const program = blocksOf(readProjectFile(file), "js").join("\n");
    expect(promisedOutput(program)).not.toBe("");
    expect(complaintsOf(program)).toBe("");
    expect(runProgram(program)).toBe(promisedOutput(program));
  });
});

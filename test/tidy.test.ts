/** `src/` keeps the rules that ARCHITECTURE.md and CONTRIBUTING.md state, and each rule finds what breaks it. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readProjectFile } from "./docs/markdown.ts";
import { complaintsAbout, type Exception, ranksIn, rules } from "./support/house-rules.ts";
import { parseSource, readSources } from "./support/source-files.ts";

/** Words for what the journal does, where it is spoken of. */
function commitIn(file: string, what: string, reason = "the journal's flush is the commit point"): Exception {
  return { rule: "words are those of the glossary", file, what, reason };
}

const exceptions: readonly Exception[] = [
  {
    rule: "a pure room needs no Node",
    file: "digest/blake3.ts",
    what: "node:module",
    reason: "the native BLAKE3 is loaded through it where there is a Node, which is looked at first",
  },
  {
    rule: "printing, ending and the environment are for cli",
    file: "store/store.ts",
    what: "process.env",
    reason: "openStore() without a folder finds the store that the command finds",
  },
  {
    rule: "printing, ending and the environment are for cli",
    file: "store/seed-words.ts",
    what: "process.env",
    reason: "init() joins the run of the command that started the program, as the command does",
  },
  {
    rule: "the clock is for platform",
    file: "web/parts/now.ts",
    what: "Date.now",
    reason: "a browser has no platform/; all of the dashboard takes the time from there",
  },
  commitIn("catalog/database.ts", "commit"),
  commitIn("catalog/database.ts", "committed", "SQLite's word for its own pages"),
  commitIn("journal/index.ts", "commit"),
  commitIn("journal/journal.ts", "commit"),
  commitIn("store/bring.ts", "commit"),
  commitIn("store/catch-up.ts", "commit"),
  commitIn("store/engine.ts", "commit"),
  commitIn("store/engine.ts", "committed"),
  commitIn("store/far-content.ts", "commit"),
  commitIn("store/publish.ts", "commit"),
  commitIn("store/publish.ts", "committed"),
  commitIn("store/merge.ts", "commit"),
  commitIn("store/bring-versions.ts", "commit"),
  commitIn("store/remotes.ts", "commit"),
  commitIn("store/version.ts", "commit"),
  commitIn("store/run-recorder.ts", "commit"),
  commitIn("store/run.ts", "commit"),
  commitIn("store/run.ts", "committed"),
  commitIn("store/start-run.ts", "commit"),
  commitIn("store/version.ts", "committed"),
];

const ranks = ranksIn(readProjectFile("ARCHITECTURE.md"));
const files = readSources(fileURLToPath(new URL("../src", import.meta.url)));

test("src keeps the rules", () => {
  expect(complaintsAbout({ files, ranks }, exceptions)).toEqual([]);
});

test("all of src is looked at", () => {
  expect(files.map((file) => file.path)).toEqual(expect.arrayContaining(["index.ts", "errors.ts", "cli/main.ts"]));
  expect(ranks.get("digest")).toEqual({ rank: 0, isPlanned: false });
  expect(ranks.get("store")).toEqual({ rank: 6, isPlanned: false });
  expect(ranks.get("server")).toEqual({ rank: 7, isPlanned: false });
  expect(ranks.get("testing")).toEqual({ rank: Number.POSITIVE_INFINITY, isPlanned: false });
  expect(files.flatMap((file) => file.functions).length).toBeGreaterThan(1000);
});

/** A small house: rooms and files by their path. Each file has a doc comment for what it exports. */
type SmallHouse = Readonly<Record<string, string>>;

const table = `
| rank | room        | what                  |
| ---- | ----------- | --------------------- |
| 0    | \`digest/\`   | sums                  |
| 0    | \`platform/\` | the machine           |
| 1    | \`catalog/\`  | what is there         |
| 2    | \`sync/\`     | _planned:_ far places |
| 3    | \`cli/\`      | prints                |
| –    | \`testing/\`  | for tests             |
`;

/** A file in each room, none of which is wrong. */
const good: SmallHouse = {
  "index.ts": `export { sum } from "./digest/index.ts";`,
  "errors.ts": `/** Trouble. */\nexport class Trouble extends Error {}`,
  "digest/index.ts": `export { sum } from "./sum.ts";`,
  "digest/sum.ts": `import { Trouble } from "../errors.ts";\n/** Sums. */\nexport const sum = (): Trouble => new Trouble();`,
  "platform/index.ts": `export { now } from "./clock.ts";`,
  "platform/clock.ts": `import fs from "node:fs";\n/** The time. */\nexport const now = (): number => Date.now() + fs.constants.R_OK;`,
  "catalog/index.ts": `export { open } from "./open.ts";`,
  "catalog/open.ts": `import { sum } from "../digest/index.ts";\nconst make = require("better-sqlite3");\n/** Opens. */\nexport const open = (): unknown => make(sum);`,
  "cli/main.ts": `import { open } from "../catalog/index.ts";\nconsole.log(process.env["HOME"], open());`,
  "testing/index.ts": `export { aid } from "./aid.ts";`,
  "testing/aid.ts": `import { open } from "../catalog/index.ts";\n/** Helps. */\nexport const aid = (): unknown => open();`,
};

/** What is complained of when some files of the small house are others. */
function complain(changed: SmallHouse, allowed: readonly Exception[] = []): [string, string, number, string][] {
  const all = Object.entries({ ...good, ...changed }).map(([path, text]) => parseSource(path, text));
  const complaints = complaintsAbout({ files: all, ranks: ranksIn(table) }, allowed);
  return complaints.map(({ rule, file, line, what }) => [rule, file, line, what]);
}

const lines = (count: number): string => Array.from({ length: count }, (_, at) => `const a${at} = ${at};`).join("\n");

/** A rule; what breaks it; where and how that is told. */
const broken: [rule: string, files: SmallHouse, file: string, line: number, what: string][] = [
  ["rooms are in the table of ARCHITECTURE.md", { "attic/a.ts": "" }, "attic/", 1, "is not in the table"],
  [
    "a room imports rooms of a smaller rank",
    imports("digest", "../catalog/index.ts"),
    "digest/a.ts",
    1,
    "../catalog/index.ts",
  ],
  [
    "a room imports rooms of a smaller rank",
    imports("digest", "../platform/index.ts"),
    "digest/a.ts",
    1,
    "../platform/index.ts",
  ],
  [
    "a room imports rooms of a smaller rank",
    { "digest/a.ts": `type Open = typeof import("../catalog/index.ts");` },
    "digest/a.ts",
    1,
    "../catalog/index.ts",
  ],
  [
    "a room imports rooms of a smaller rank",
    { "digest/a.ts": `\nawait import("../catalog/index.ts");` },
    "digest/a.ts",
    2,
    "../catalog/index.ts",
  ],
  [
    "a room imports rooms of a smaller rank",
    { "digest/index.ts": `export * from "../catalog/index.ts";` },
    "digest/index.ts",
    1,
    "../catalog/index.ts",
  ],
  ["nobody imports testing", imports("cli", "../testing/index.ts"), "cli/a.ts", 1, "../testing/index.ts"],
  [
    "nobody imports testing",
    { "index.ts": `export * from "./testing/index.ts";` },
    "index.ts",
    1,
    "./testing/index.ts",
  ],
  ["another room is imported by its index.ts", imports("cli", "../digest/sum.ts"), "cli/a.ts", 1, "../digest/sum.ts"],
  ["another room is imported by its index.ts", imports("cli", "../index.ts"), "cli/a.ts", 1, "../index.ts"],
  [
    "files do not import each other in a circle",
    { "cli/a.ts": `import "./b.ts";`, "cli/b.ts": `import type { C } from "./c.ts";`, "cli/c.ts": `import "./a.ts";` },
    "cli/b.ts",
    1,
    "./c.ts",
  ],
  ["files do not import each other in a circle", imports("cli", "./a.ts"), "cli/a.ts", 1, "./a.ts"],
  [
    "an index.ts only re-exports",
    { "digest/index.ts": "\nlet count = 0;" },
    "digest/index.ts",
    2,
    "VariableDeclaration",
  ],
  ["node:fs is for platform", imports("catalog", "node:fs"), "catalog/a.ts", 1, "node:fs"],
  ["node:fs is for platform", imports("catalog", "node:fs/promises"), "catalog/a.ts", 1, "node:fs/promises"],
  ["node:fs is for platform", imports("catalog", "fs"), "catalog/a.ts", 1, "fs"],
  ["node:fs is for platform", { "cli/a.ts": `createRequire(import.meta.url)("node:fs");` }, "cli/a.ts", 1, "node:fs"],
  ["a pure room needs no Node", imports("digest", "node:path"), "digest/a.ts", 1, "node:path"],
  ["a pure room needs no Node", { "digest/a.ts": `process.getBuiltinModule("node:os");` }, "digest/a.ts", 1, "node:os"],
  ["better-sqlite3 is for catalog", imports("cli", "better-sqlite3"), "cli/a.ts", 1, "better-sqlite3"],
  [
    "printing, ending and the environment are for cli",
    { "catalog/a.ts": "const a = () => {\n  console.error(1);\n};" },
    "catalog/a.ts",
    2,
    "console.error",
  ],
  ...["process.exit", "process.env", "process.stdout", "process.stderr", "process.argv"].map(
    (what): [string, SmallHouse, string, number, string] => [
      "printing, ending and the environment are for cli",
      { "platform/a.ts": `const a = ${what};` },
      "platform/a.ts",
      1,
      what,
    ],
  ),
  ["the clock is for platform", { "cli/a.ts": "const a = Date.now();" }, "cli/a.ts", 1, "Date.now"],
  ["the clock is for platform", { "cli/a.ts": "const a = new Date();" }, "cli/a.ts", 1, "new Date()"],
  ["a file has at most 400 lines", { "cli/a.ts": lines(401) }, "cli/a.ts", 401, "401 lines"],
  ["a function has at most 60 lines", { "cli/a.ts": `function long() {\n${lines(59)}\n}` }, "cli/a.ts", 1, "long"],
  [
    "a function has at most 60 lines",
    { "cli/a.ts": `const f = () => {\n${lines(59)}\n};` },
    "cli/a.ts",
    1,
    "a function",
  ],
  [
    "a function has at most 60 lines",
    { "cli/a.ts": `class A {\n  get a() {\n${lines(59)}\n}\n}` },
    "cli/a.ts",
    2,
    "a function",
  ],
  ...["snapshot", "backend", "driver", "alias", "cid", "commit"].map(
    (word): [string, SmallHouse, string, number, string] => [
      "words are those of the glossary",
      { "cli/a.ts": `/**\n * Of a ${word}.\n */` },
      "cli/a.ts",
      2,
      word,
    ],
  ),
  ["words are those of the glossary", { "cli/a.ts": "const allSnapshots = 1;" }, "cli/a.ts", 1, "snapshots"],
  ["words are those of the glossary", { "cli/a.ts": "const aliased = 1;" }, "cli/a.ts", 1, "aliased"],
  ["words are those of the glossary", { "cli/a.ts": "const CID_LENGTH = 1;" }, "cli/a.ts", 1, "cid"],
  ["words are those of the glossary", { "cli/a.ts": "class A { #driver = 1 }" }, "cli/a.ts", 1, "driver"],
  ["words are those of the glossary", { "cli/a.ts": "interface A { backend: 1 }" }, "cli/a.ts", 1, "backend"],
  [
    "what is exported has a doc comment",
    { "cli/a.ts": "\nexport function a() {}" },
    "cli/a.ts",
    2,
    "export function a",
  ],
  [
    "what is exported has a doc comment",
    { "cli/a.ts": "/** The first. */\nexport type A = 1;\nexport type B = 2;" },
    "cli/a.ts",
    3,
    "export type B",
  ],
  [
    "what is exported has a doc comment",
    { "cli/a.ts": "// No doc.\nexport class A {}" },
    "cli/a.ts",
    2,
    "export class A",
  ],
  ["what is exported has a doc comment", { "cli/a.ts": "export const run = 1;" }, "cli/a.ts", 1, "export const run"],
  ["nothing is left over", { "cli/a.ts": "const a = 1; // TODO: more" }, "cli/a.ts", 1, "TODO: more"],
  ["nothing is left over", { "cli/a.ts": "/* FIXME */" }, "cli/a.ts", 1, "FIXME"],
  ["nothing is left over", { "cli/a.ts": "// XXX" }, "cli/a.ts", 1, "XXX"],
];

function imports(room: string, module: string): SmallHouse {
  return { [`${room}/a.ts`]: `import "${module}";` };
}

describe("what breaks a rule is found", () => {
  test.each(broken)("%s: %j", (rule, changed, file, line, what) => {
    expect(complain(changed)).toContainEqual([rule, file, line, what]);
  });

  test("a room of the table that is not there", () => {
    const all = Object.entries(good).filter(([path]) => !path.startsWith("cli/"));
    const house = { files: all.map(([path, text]) => parseSource(path, text)), ranks: ranksIn(table) };
    expect(complaintsAbout(house, [])).toEqual([
      { rule: "rooms are in the table of ARCHITECTURE.md", file: "cli/", line: 1, what: "is in the table only" },
    ]);
  });

  test("there is such a test of every rule", () => {
    expect(new Set(broken.map(([rule]) => rule))).toEqual(new Set(Object.keys(rules)));
  });

  test("what does not parse is no file", () => {
    expect(() => parseSource("cli/a.ts", "const = 1;")).toThrow("cli/a.ts: ");
  });
});

describe("what keeps the rules is not complained of", () => {
  const fine: [string, SmallHouse][] = [
    ["a good house", {}],
    [
      "texts and comments that only look like code",
      { "cli/a.ts": "// import 'node:fs'\nconst a = \"better-sqlite3\";" },
    ],
    ["a regex with braces and quotes", { "cli/a.ts": "const a = /[{\"'`]/;\nconst b = `{`;" }],
    ["400 lines", { "cli/a.ts": `${lines(400)}\n` }],
    ["60 lines of a function", { "cli/a.ts": `function f() {\n${lines(58)}\n}` }],
    ["words that hold others", { "cli/a.ts": "const decide = 1; // A committee, TODOs, a screwdriver, an acid." }],
    ["a time that is given", { "cli/a.ts": "const a = new Date(0);" }],
    ["a command, whose file says what it does", { "cli/a.ts": "/** `a`: does it. */\nexport function run() {}" }],
    [
      "a comment for a tool below the doc",
      { "cli/a.ts": "/** Doc. */\n// biome-ignore lint: why\nexport type A = 1;" },
    ],
    ["what is loaded late", { "cli/a.ts": `await import("./b.ts");`, "cli/b.ts": `import "./a.ts";` }],
  ];

  test.each(fine)("%s", (_, changed) => {
    expect(complain(changed)).toEqual([]);
  });
});

describe("exceptions", () => {
  const clock: Exception = { rule: "the clock is for platform", file: "cli/a.ts", what: "Date.now", reason: "a test" };

  test("one allows what it names, and nothing else", () => {
    const changed = { "cli/a.ts": "Date.now();\nDate.now();\nnew Date();", "cli/b.ts": "Date.now();" };
    expect(complain(changed, [clock])).toEqual([
      [clock.rule, "cli/a.ts", 3, "new Date()"],
      [clock.rule, "cli/b.ts", 1, "Date.now"],
    ]);
  });

  test("one that allows nothing is complained of", () => {
    expect(complain({}, [clock])).toEqual([[`an exception of: ${clock.rule}`, "cli/a.ts", 1, "Date.now"]]);
  });
});

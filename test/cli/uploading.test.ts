/** `upload` with each of its options, as the command line of a user. */
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/index.ts";
import { command, commandJson } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";

let work: string;
let store: string;

beforeEach(() => {
  work = temporaryFolder();
  store = path.join(work, "store");
  plant(work, {
    "data/a.csv": "1",
    "data/b.txt": "22",
    "data/sub/c.csv": "333",
    "data/sub/empty": "folder/",
    "more/a.csv": "other",
    "more/d": "4444",
    "one.txt": "one",
  });
});

const asSample = ["--name", "sample", "--type", "dataset"];

interface Listed {
  readonly path: string;
  readonly kind: string;
  readonly size: number;
}

/** Uploads with options; gives the result. */
async function upload(...args: string[]): Promise<Record<string, unknown>> {
  return commandJson(store, ["upload", ...args, ...asSample], work);
}

async function paths(ref = "sample"): Promise<string[]> {
  const entries = await commandJson<Listed[]>(store, ["ls", "--recursive", ref]);
  return entries.map((entry) => entry.path);
}

async function codeOf(...args: string[]): Promise<number | null> {
  return (await command(store, ["upload", ...args, ...asSample], work)).code;
}

test("tells the fields that are fixed, and what it counted", async () => {
  const first = await upload("data", "--message", "first", "--meta", "rate=0.5", "--meta", "who=me", "--tag", "prod");
  expect(first).toMatchObject({
    team: "local",
    experiment: "uncategorized",
    type: "dataset",
    name: "sample",
    version: "V1",
    id: expect.stringMatching(/^[0-9a-f]{64}$/),
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    changed: true,
    files: 3,
    bytes: 6,
    added: 4,
    modified: 0,
    removed: 0,
    kept: 0,
    newBytes: 6,
    writtenBytes: expect.any(Number),
  });
  expect(first["writtenBytes"]).toBeGreaterThan(6);
  const again = await upload("data");
  expect(again).toMatchObject({ version: "V1", changed: false, id: first["id"], digest: first["digest"], newBytes: 0 });
  expect(again["writtenBytes"]).toBe(0);
  expect(await codeOf("data", "--exit-code")).toBe(4);
  expect(await commandJson(store, ["show", "sample:prod"])).toMatchObject({
    message: "first",
    metadata: { rate: 0.5, who: "me" },
    tags: ["prod"],
  });
  plant(work, { "data/a.csv": "changed" });
  expect(await codeOf("data", "--exit-code")).toBe(0);
});

describe("of content that is there already", () => {
  const upload = (...args: string[]) => command(store, ["upload", "data", ...asSample, ...args], work);

  test("tags move and are told, and that is a change; where they are there already nothing changed", async () => {
    await upload();
    const dry = await upload("--tag", "best", "--dry-run");
    expect(dry.stdout).toBe("sample:V1  tagged best, no new version  (dry run: nothing was changed)\n");
    const tagged = await upload("--tag", "best", "--tag", "prod", "--exit-code");
    expect(tagged).toMatchObject({ code: 0, stdout: "sample:V1  tagged best and prod, no new version\n", stderr: "" });
    const again = await upload("--tag", "best", "--exit-code");
    expect(again).toMatchObject({ code: 4, stdout: "sample:V1  nothing changed\n" });
    const more = await upload("--tag", "best", "--tag", "new", "--json");
    expect(JSON.parse(more.stdout)).toMatchObject({ changed: false, tagged: ["new"] });
  });

  test("message and metadata are not kept, and that is told where the version has not the same", async () => {
    const said = ["-m", "first", "--meta", 'how={"a":[1]}'];
    expect(await upload(...said)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
    expect((await upload(...said)).stderr).toBe("");
    const hint = "no version is made; `artifold meta sample:V1` changes those of the one that is there\n";
    expect((await upload("-m", "other", "--meta", "lr=1")).stderr).toBe(
      `warning: message and metadata are not kept: ${hint}`,
    );
    expect((await upload("-m", "first", "--meta", "how=2")).stderr).toBe(`warning: metadata is not kept: ${hint}`);
    expect(await commandJson(store, ["show", "sample"])).toMatchObject({
      message: "first",
      metadata: { how: { a: [1] } },
    });
  });
});

describe("where it goes", () => {
  test("a folder to the root or below --as; a file by its name; several paths each by its own", async () => {
    await upload("data");
    expect(await paths()).toEqual(["a.csv", "b.txt", "sub/c.csv", "sub/empty"]);
    await upload("more", "--as", "./extra/deep/");
    await upload("one.txt");
    await upload("one.txt", "--as", "texts");
    expect((await paths()).filter((each) => !each.startsWith("sub"))).toEqual(
      ["a.csv", "b.txt", "extra/deep/a.csv", "extra/deep/d", "one.txt", "texts/one.txt"].sort(),
    );
    expect(
      await commandJson(store, ["upload", "data", "one.txt", "--name", "both", "--type", "t"], work),
    ).toMatchObject({
      files: 4,
    });
    expect(await paths("both")).toEqual(["data/a.csv", "data/b.txt", "data/sub/c.csv", "data/sub/empty", "one.txt"]);
  });

  test("two sources for one path: 2, and nothing is made", async () => {
    plant(work, { "x/one.txt": "1" });
    expect(await codeOf("one.txt", "x/one.txt")).toBe(2);
    expect((await command(store, ["ls"])).code).toBe(10);
  });
});

describe("what it takes out", () => {
  test("nothing by itself; with --mirror all that is not in the folder, or below --as only", async () => {
    await upload("data");
    await upload("more", "--as", "more");
    expect(await upload("more")).toMatchObject({ added: 1, modified: 1, removed: 0, kept: 5 });
    expect(await upload("more", "--mirror", "--as", "sub")).toMatchObject({ added: 2, removed: 2, kept: 5 });
    expect(await paths()).toEqual(["a.csv", "b.txt", "d", "more/a.csv", "more/d", "sub/a.csv", "sub/d"]);
    expect(await upload("more", "--mirror")).toMatchObject({ removed: 5, kept: 0 });
    expect(await paths()).toEqual(["a.csv", "d"]);
    expect(await codeOf("more", "data", "--mirror")).toBe(2);
    expect(await codeOf("one.txt", "--mirror")).toBe(2);
  });

  test("what --remove means, before it adds", async () => {
    await upload("data");
    expect(await upload("one.txt", "--remove", "*.csv", "--remove", "sub/empty")).toMatchObject({
      added: 1,
      removed: 3,
    });
    expect(await paths()).toEqual(["b.txt", "one.txt"]);
    // What comes back is not removed.
    expect(await upload("data", "--remove", "**")).toMatchObject({ removed: 1, modified: 0, added: 3 });
    expect(await upload("one.txt", "--remove", "nothing like it")).toMatchObject({ removed: 0 });
  });
});

test("a glob that comes to nothing is warned of, in words and in the result, and ends with 0", async () => {
  const warnings = async (...args: string[]) => (await upload(...args))["warnings"];
  const [include, remove] = ["--include matched nothing", "--remove matched nothing"];
  expect(await warnings("data", "--include", "*.cvs", "--include", "*.txt")).toEqual([
    { glob: "*.cvs", problem: include },
  ]);
  expect(await warnings("data", "more", "--include", "b.txt", "--include", "none")).toEqual([
    { glob: "none", problem: include },
  ]);
  expect(await warnings("data", "--remove", "*.nomatch", "--remove", "data/")).toEqual([
    { glob: "*.nomatch", problem: remove },
  ]);
  const again = await command(store, ["upload", "data", ...asSample, "--remove", "*.csv"], work);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing changed") });
  expect(again.stderr).toMatch(/^warning: \*\.csv: what --remove took out .* --exclude\n$/);
  expect(await warnings("data", "--remove", "*.csv", "--exclude", "*.csv")).toEqual([]);
  const typo = await command(store, ["download", "sample", "--to", "out", "--path", "b.tx", "--path", "b.txt"], work);
  expect(typo).toMatchObject({ code: 0, stderr: "warning: b.tx: --path matched nothing\n" });
  for (const more of [[], ["--dry-run"]]) {
    const none = ["download", "sample", "--to", "none", "--path", "nosuch", ...more];
    expect(await commandJson(store, none, work)).toMatchObject({ files: 0, unmatched: ["nosuch"] });
  }
});

describe("what it takes in", () => {
  test("what --include and --exclude mean", async () => {
    await upload("data", "--include", "*.csv");
    expect(await paths()).toEqual(["a.csv", "sub/c.csv"]);
    await upload("data", "--mirror", "--exclude", "sub/", "--exclude", "a.*");
    expect(await paths()).toEqual(["b.txt"]);
  });

  test("content that lies elsewhere, by --reference", async () => {
    await upload("data", "--reference", "far/big.tar=s3://bucket/key=1", "--reference", "x=https://example.org/x");
    const entries = await commandJson<Listed[]>(store, ["ls", "-r", "sample"]);
    expect(entries.filter((entry) => entry.kind === "reference").map((entry) => entry.path)).toEqual([
      "far/big.tar",
      "x",
    ]);
    expect(entries).toContainEqual(expect.objectContaining({ path: "far/big.tar", uri: "s3://bucket/key=1" }));
    expect((await command(store, ["ls", "-r", "sample"])).stdout).toMatch(
      /\? +far\/big\.tar -> s3:\/\/bucket\/key=1\n/,
    );
    const out = await command(store, ["download", "sample", "--to", path.join(work, "out")]);
    expect([out.code, out.stderr]).toEqual([3, expect.stringContaining("far/big.tar")]);
    for (const bad of ["no uri", "=s3://a", "x=no uri"]) expect(await codeOf("data", "--reference", bad)).toBe(2);
  });

  test("links that point outside: no version, or 3 with --skip-links", async () => {
    plant(work, { "data/bad": { link: "/etc/passwd" }, "data/good": { link: "a.csv" } });
    expect(await codeOf("data")).toBe(1);
    expect((await command(store, ["show", "sample"])).code).toBe(15);
    const { code, stdout, stderr } = await command(
      store,
      ["upload", "data", ...asSample, "--skip-links", "--json"],
      work,
    );
    expect([code, JSON.parse(stdout).leftOut]).toEqual([3, [expect.objectContaining({ path: "bad", reason: "link" })]]);
    expect(stderr).toContain("left out bad: a link that a version cannot keep");
    expect(await paths()).toContain("good");
    expect(await commandJson(store, ["ls", "sample:V1"])).toContainEqual(
      expect.objectContaining({ path: "good", kind: "link", target: "a.csv" }),
    );
    expect((await command(store, ["ls", "sample:V1"])).stdout).toContain("good -> a.csv\n");
  });
});

test("metadata that is JSON is taken as such, whatever the key, and what is no pair is refused", async () => {
  const pairs = ["n=1", "t=text", 'j={"a":[1,null]}', 's="1"', "empty=", "eq=a=b", "null=null"];
  await upload("data", ...pairs.flatMap((pair) => ["--meta", pair]));
  expect(await commandJson(store, ["show", "sample"])).toMatchObject({
    metadata: { n: 1, t: "text", j: { a: [1, null] }, s: "1", empty: "", eq: "a=b", null: null },
  });
  for (const bad of ["no pair", "=x"]) expect(await codeOf("data", "--meta", bad)).toBe(2);
});

test("two uploads of one path: the later one conflicts, or gives way where it says so; it cannot do both", async () => {
  await upload("data");
  await using open = await openStore(store, { workers: 0 });
  await using draft = await open.artifact({ name: "sample", type: "dataset" });
  await draft.add(Buffer.from("mine"), { as: "a.csv" });
  plant(work, { "data/a.csv": "theirs" });
  await upload("data");
  await expect(draft.upload()).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await draft.upload({ onConflict: "theirs" })).toMatchObject({ changed: false, version: "V2" });
  expect(await codeOf("data", "--ours", "--theirs")).toBe(2);
});

test("the page's own form is the same", async () => {
  const { code } = await command(store, ["artifact", "upload", "data", ...asSample], work);
  expect([code, await paths()]).toEqual([0, ["a.csv", "b.txt", "sub/c.csv", "sub/empty"]]);
  const out = path.join(work, "page");
  expect((await command(store, ["artifact", "download", ...asSample, "--tag", "V1", out], work)).code).toBe(0);
  expect((await command(store, ["artifact", "download", "--type", "dataset", out], work)).code).toBe(2);
});

/** Names that mean something to a language, a file system or another platform are names like others, everywhere. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Metadata } from "../../src/index.ts";
import { comparePaths, type Entry } from "../../src/manifest/index.ts";
import { command, commandJson } from "../support/command.ts";
import { EMPTY_FOLDER, plant, temporaryFolder, treeOf } from "../support/folders.ts";
import { HostileContent } from "../support/hostile-content.ts";
import { all, openScratch, pathsOf, scratch, textsOf } from "../support/stores.ts";

const objectNames = ["__proto__", "constructor", "hasOwnProperty", "prototype", "toString", "valueOf"];

test("names of what every object has are paths, teams, artifacts, tags and keys of metadata", async () => {
  const store = await openScratch();
  const folder = temporaryFolder();
  plant(
    folder,
    Object.fromEntries(
      objectNames.flatMap((name) => [
        [name, name],
        [`in/${name}/${name}`, "deep"],
      ]),
    ),
  );
  for (const name of objectNames) {
    const place = { team: name, experiment: name, type: name, name };
    // As a program gets it that parses JSON: a key of its own.
    const metadata = JSON.parse(`{"${name}":{"x":1},"deep":{"__proto__":[1]}}`) as Metadata;
    await using draft = await store.artifact(place);
    await draft.mirror(folder);
    await draft.upload({ tags: [name], metadata });
    const version = await store.resolve(`${name}/${name}/${name}:${name}`);
    expect([version.tags, JSON.stringify(version.metadata)]).toEqual([[name], JSON.stringify(metadata)]);
    expect(Object.hasOwn(version.metadata, name)).toBe(true);
    await version.annotate({ metadata: JSON.parse('{"__proto__":2}') as Metadata });
    expect(JSON.stringify((await store.resolve(`${name}/${name}/${name}`)).metadata)).toBe('{"__proto__":2}');
    expect(await pathsOf(version)).toEqual([...objectNames, ...objectNames.map((each) => `in/${each}/${each}`)].sort());
    const target = path.join(scratch(), "out");
    await version.download(target);
    expect(treeOf(target)).toEqual(treeOf(folder));
    expect(await all((await store.status(target)).changes)).toEqual([]);
    expect(await textsOf(version)).toMatchObject({ constructor: "constructor" });
  }
  expect(await all(store.artifacts())).toHaveLength(objectNames.length);
  expect(({} as { x?: unknown }).x).toBeUndefined();
  expect(await store.verify()).toMatchObject({ ok: true });
});

test("the command takes and shows them as they are", async () => {
  const work = temporaryFolder();
  const store = path.join(work, "store");
  plant(work, { "data/__proto__": "1", "data/constructor": "2" });
  const place = ["--name", "__proto__", "--type", "constructor"];
  const meta = ["--meta", "__proto__=1", "--meta", "constructor=two", "--tag", "toString"];
  expect((await command(store, ["upload", "data", ...place, ...meta], work)).code).toBe(0);
  const shown = (await command(store, ["show", "__proto__:toString", "--json"])).stdout;
  expect(shown).toContain('"metadata":{"__proto__":1,"constructor":"two"}');
  expect((await command(store, ["meta", "__proto__", "--unset", "constructor", "valueOf=3"])).code).toBe(0);
  expect((await command(store, ["show", "__proto__", "--json"])).stdout).toContain('{"__proto__":1,"valueOf":3}');
  const listed = await commandJson<{ path: string }[]>(store, ["ls", "__proto__:toString"]);
  expect(listed.map((entry) => entry.path)).toEqual(["__proto__", "constructor"]);
});

test.each([
  "..\\out",
  "a\\..\\..\\out",
  "\\\\server\\share\\x",
  "\\\\?\\C:\\x",
  "C:\\x",
  "C:x",
  "a:$DATA",
  "CON",
  "...",
  "~",
  "-rf",
  "$(x)",
  "%2e%2e",
  "．．",
  "a\u2215b",
])("a path of a version that is only a name here stays in the folder: %j", async (name) => {
  const around = temporaryFolder();
  const store = await openScratch(path.join(around, "store"));
  const content = new HostileContent();
  const link: Entry = { path: `${name}.link`, kind: "link", target: name };
  const manifest = content.leaf(content.file(name, "x"), link);
  const version = await content.publish(store, manifest.digest, "journal");
  const target = path.join(around, "out");
  await version.download(target);
  expect(readdirSync(target).sort()).toEqual([name, `${name}.link`].sort());
  expect(readdirSync(around).sort()).toEqual(["out", "store"]);
  expect(Buffer.from(await version.read(name)).toString()).toBe("x");
});

test.each([
  ".artifold",
  ".ARTIFOLD",
  ".Artifold.",
  ".artifold ",
  ".artifold...",
  ".artifold::$INDEX_ALLOCATION",
  "ARTIFO~1",
])("a version that brings what some file system takes for a store is listed, and not written: %j", async (name) => {
  const hostile: ((content: HostileContent) => Entry)[] = [
    (content) => content.file(`${name}/format.json`, "{}"),
    (content) => content.file(`sub/${name}`, "x"),
    () => ({ path: name, kind: "link", target: "elsewhere" }),
    () => ({ path: name, kind: "folder" }),
  ];
  for (const make of hostile) {
    const around = temporaryFolder();
    const store = await openScratch(path.join(around, "store"));
    const content = new HostileContent();
    const entries = [make(content), content.file("good", "good")].sort((one, two) => comparePaths(one.path, two.path));
    const version = await content.publish(store, content.leaf(...entries).digest, "journal");
    expect(await pathsOf(version)).toEqual(entries.map((entry) => entry.path));
    for (const there of [{}, { mine: "mine" }] as Record<string, string>[]) {
      const target = path.join(around, `out-${Object.keys(there).length}`);
      plant(around, { [path.basename(target)]: EMPTY_FOLDER });
      plant(target, there);
      await expect(version.download(target)).rejects.toMatchObject({ code: "PATH_INVALID" });
      const { good: _, ...left } = treeOf(target);
      expect(left).toEqual(Object.fromEntries(Object.keys(there).map((each) => [each, 'file "mine"'])));
    }
  }
});

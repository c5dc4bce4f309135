/** Who listens to a store hears of each version once, whoever makes it. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Operation, Store, Version } from "../../src/index.ts";
import { bundleScript } from "../support/bundle.ts";
import { command } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { openScratch, scratch, until, uploadFiles } from "../support/stores.ts";

/** Versions that are heard of, as "name:V1". */
function listen(store: Store): { heard: string[]; stop: () => void } {
  const heard: string[] = [];
  const stop = store.on("version", (version: Version) => heard.push(`${version.name}:${version.version}`));
  return { heard, stop };
}

test("versions of this handle, of another and of another process, from then on, in the order of the log", async () => {
  const folder = scratch();
  const store = await openScratch(folder);
  const other = await openScratch(folder);
  await uploadFiles(store, { a: "before" });
  const { heard, stop } = listen(store);
  const late = listen(store);
  await uploadFiles(store, { a: "1" });
  await uploadFiles(other, { a: "2" }, "other");
  await (await other.resolve("sample:V1")).tag("prod");
  await uploadFiles(other, { a: "2" }, "other");
  const data = temporaryFolder();
  plant(data, { b: "3" });
  await command(folder, ["upload", data, "--name", "sample", "--type", "dataset"]);
  const all = ["sample:V2", "other:V1", "sample:V3"];
  await until("all versions are heard of", () => heard.length >= all.length);
  expect([heard, late.heard]).toEqual([all, all]);
  stop();
  await uploadFiles(store, { a: "4" });
  await until("the other listener hears of it", () => late.heard.length > all.length);
  expect([heard, late.heard.at(-1)]).toEqual([all, "sample:V4"]);
  late.stop();
  // Begun again, it hears of what comes from then on.
  const again = listen(store);
  await uploadFiles(store, { a: "5" });
  await until("it is heard of", () => again.heard.length > 0);
  expect(again.heard).toEqual(["sample:V5"]);
});

test("operations of any kind are heard of too, and one function may listen twice", async () => {
  const folder = scratch();
  const store = await openScratch(folder);
  const other = await openScratch(folder);
  const version = await uploadFiles(store, { a: "1" });
  const heard: string[] = [];
  const hear = ({ by, changes }: Operation): void => {
    heard.push(`${by}: ${changes.map(({ change }) => change).join(" ")}`);
  };
  const stops = [store.on("operation", hear), store.on("operation", hear)];
  await (await other.resolve("sample:V1")).tag("prod");
  await version.remove();
  await until("both are heard of twice", () => heard.length >= 4);
  expect(heard).toEqual(["tester: tag", "tester: tag", "tester: remove", "tester: remove"]);
  for (const stop of stops) stop();
});

test("a look that fails ends nothing: the next one hears of what came meanwhile", async () => {
  const folder = scratch();
  const store = await openScratch(folder);
  await uploadFiles(store, { a: "1" });
  const { heard } = listen(store);
  const { engine } = store;
  const { refresh } = engine;
  let failures = 0;
  engine.refresh = async () => {
    failures++;
    throw new Error("not now");
  };
  await until("some looks failed", () => failures >= 2);
  engine.refresh = refresh;
  await uploadFiles(store, { a: "2" });
  await until("it is heard of", () => heard.length > 0);
  expect(heard).toEqual(["sample:V2"]);
});

test("a store with listeners does not keep the process alive", async () => {
  const script = await bundleScript(
    `import { openStore } from "#src/index.ts";
     const store = await openStore(process.argv[2], { workers: 0 });
     store.on("version", () => {});
     console.log("listening");`,
  );
  const run = spawnSync(process.execPath, [script, scratch()], { encoding: "utf8", timeout: 20_000 });
  expect(run).toMatchObject({ status: 0, stdout: "listening\n" });
});

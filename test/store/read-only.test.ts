/** A store that one may only read: every answer, with its catalog or without, and a clear refusal of every change. */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { commandPath, type Ended } from "../support/command.ts";
import { openScratch, scratch, uploadFiles, writeFiles } from "../support/stores.ts";

/** A user that owns nothing here. */
const NOBODY = 65_534;

function asNobody(
  store: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  cwd = "/",
): Pick<Ended, "code" | "stdout" | "stderr"> {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [commandPath, ...args, "--store", store, "--trust-owner"],
    {
      uid: NOBODY,
      gid: NOBODY,
      env: { ...process.env, HOME: "/nonexistent", NO_COLOR: "1", ...environment },
      cwd,
      encoding: "utf8",
    },
  );
  return { code: status, stdout, stderr };
}

/** Whether another user can run the command at all. */
function canBeNobody(): boolean {
  return process.getuid?.() === 0 && spawnSync(process.execPath, ["-e", ""], { uid: NOBODY, gid: NOBODY }).status === 0;
}

test.skipIf(!canBeNobody()).each(["with its catalog", "without its catalog"])(
  "a store that belongs to another user and cannot be written is read, %s (needs the right to be another user)",
  async (which) => {
    const root = scratch();
    const folder = path.join(root, "store");
    const store = await openScratch(folder);
    await uploadFiles(store, { a: "1" });
    const { ref } = await store.startRun({ name: "r" });
    await store.close();
    if (which === "without its catalog") {
      for (const name of readdirSync(folder)) if (name.startsWith("catalog")) rmSync(path.join(folder, name));
    }
    const source = writeFiles(path.join(root, "source"), { b: "2" });
    chmodSync(root, 0o755);
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      chmodSync(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444);
    }
    chmodSync(folder, 0o555);
    expect(asNobody(folder, ["cat", "sample:V1/a"])).toMatchObject({ code: 0, stdout: "1" });
    expect(JSON.parse(asNobody(folder, ["verify", "--json"]).stdout)).toMatchObject({ ok: true });
    expect(JSON.parse(asNobody(folder, ["runs", "ls", "--json"]).stdout)).toMatchObject([{ run: "r" }]);
    // A current run of which nothing can be written down is in nobody's way.
    const inRun = asNobody(folder, ["cat", "sample:V1/a"], { ARTIFOLD_RUN: ref });
    expect(inRun).toMatchObject({ code: 0, stdout: "1", stderr: expect.stringContaining("cannot be written") });
    for (const change of [
      ["tag", "sample:V1", "prod"],
      ["finish", "r"],
      ["upload", source, "--name", "s", "--type", "t"],
    ]) {
      const { code, stdout } = asNobody(folder, [...change, "--json"]);
      expect([code, JSON.parse(stdout).error]).toMatchObject([1, { code: "STORE_WRITE_FAILED", happened: "no" }]);
    }
  },
);

test.skipIf(!canBeNobody())(
  "what others have above the working folder and keep to themselves is passed over (needs the right to be another user)",
  async () => {
    const root = scratch();
    const store = await openScratch(path.join(root, "store"));
    await uploadFiles(store, { a: "1" });
    const { ref } = await store.startRun({ name: "r" });
    await store.close();
    chmodSync(root, 0o755);
    const work = path.join(root, "shared", "work");
    const theirs = writeFiles(path.join(root, "shared", ".artifold"), {
      "run.json": JSON.stringify({ store: store.engine.mark.id, run: ref }),
    });
    writeFiles(work, {});
    const own = path.join(root, "own");
    mkdirSync(own);
    chownSync(own, NOBODY, NOBODY);
    const nobody = (...args: string[]): ReturnType<typeof asNobody> => asNobody(own, args, { HOME: own }, work);
    // Readable or not, it is no run of this user's.
    for (const mode of [0o755, 0o700]) {
      chmodSync(theirs, mode);
      expect(nobody("doctor").stdout).not.toContain(" run ");
      expect(nobody("upload", path.join(root, "shared", "work"), "--name", "s", "--type", "t")).toMatchObject({
        code: 0,
      });
    }
    // Nor is anything in it an error of this user's.
    chmodSync(theirs, 0o755);
    writeFiles(theirs, { "run.json": "no run" });
    expect(nobody("ls").code).toBe(0);
  },
);

test.skipIf(!canBeNobody())(
  "a pull into it says so before it fetches, of a part of a version too (needs the right to be another user)",
  async () => {
    const root = scratch();
    const [folder, hub] = [path.join(root, "store"), path.join(root, "hub")];
    const one = await openScratch();
    await uploadFiles(one, { a: "1", b: "2" });
    await one.push({ remote: hub });
    const store = await openScratch(folder);
    await store.remotes.add("origin", hub);
    await store.pull({ metadataOnly: true });
    await store.close();
    chmodSync(root, 0o755);
    for (const each of [folder, hub]) {
      for (const entry of readdirSync(each, { recursive: true, withFileTypes: true })) {
        chmodSync(path.join(entry.parentPath, entry.name), entry.isDirectory() ? 0o555 : 0o444);
      }
      chmodSync(each, 0o555);
    }
    for (const ref of ["sample:V1/a", "sample"]) {
      const { code, stdout } = asNobody(folder, ["pull", "origin", ref, "--json"]);
      expect([ref, code, JSON.parse(stdout).error.code]).toEqual([ref, 1, "STORE_WRITE_FAILED"]);
    }
  },
);

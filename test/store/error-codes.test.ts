/** Each error code, as somebody meets it. The list is that of `src/errors.ts`: a code that is never met does not compile. */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type ErrorCode, errorCodes, openStore, type Store } from "../../src/index.ts";
import { FaultyFileSystem } from "../../src/testing/index.ts";
import { commandPath } from "../support/command.ts";
import { type Planted, plant, temporaryFolder } from "../support/folders.ts";
import { DATA, mirror, testStore, WatchedFileSystem } from "../support/mirrors.ts";
import { uploadFiles } from "../support/stores.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What somebody is told: by the library as an error, by the command as JSON. */
interface Told {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | null | undefined;
  readonly happened: string;
}

async function thrownBy(call: Promise<unknown>): Promise<Told> {
  return call.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: Told) => error,
  );
}

/** Runs the command; gives what it says of the error. */
function toldByCommand(args: readonly string[], options: { env?: NodeJS.ProcessEnv; file?: string } = {}): Told {
  const { env = {}, file = commandPath } = options;
  const run = spawnSync(process.execPath, [file, ...args, "--json"], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  const { error } = JSON.parse(run.stdout) as { error: Told };
  expect(run.status).toBe(errorCodes[error.code]);
  expect(run.stderr).not.toMatch(/^\s+at /m);
  return error;
}

function planted(files: Record<string, Planted>): string {
  const folder = temporaryFolder();
  plant(folder, files);
  return folder;
}

/** A store in which a call of the file system fails. */
async function storeFailing(errno: string, call: string, file: RegExp): Promise<Store> {
  const fs = new FaultyFileSystem();
  const store = await testStore({ fs });
  await uploadFiles(store, { a: "1", large: Buffer.alloc(300_000, "l") }, DATA.name);
  fs.decide = ({ name, path: at }) => (name === call && file.test(at) ? errno : undefined);
  return store;
}

/** The command as it is where a package that it needs is another, or is not whole. */
function commandWith(better: (folder: string) => void): string {
  const folder = temporaryFolder();
  cpSync(path.join(root, "dist"), path.join(folder, "dist"), { recursive: true });
  writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');
  const packages = path.join(folder, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(path.join(root, "node_modules"))) {
    if (name !== "better-sqlite3") symlinkSync(path.join(root, "node_modules", name), path.join(packages, name));
  }
  mkdirSync(path.join(packages, "better-sqlite3"));
  better(path.join(packages, "better-sqlite3"));
  return path.join(folder, "dist", "cli.cjs");
}

/** How somebody meets each code. Those that wait for remotes are not met yet. */
const meet: Record<Exclude<ErrorCode, "DENIED" | "UNREACHABLE">, () => Promise<Told> | Told> = {
  USAGE: async () => thrownBy((await testStore()).resolve("a/b")),
  NAME_INVALID: async () => thrownBy((await testStore()).artifact({ name: "no name", type: "dataset" })),
  AMBIGUOUS: async () => {
    const store = await testStore();
    for (const type of ["dataset", "model"]) {
      await using draft = await store.artifact({ name: "sample", type });
      await draft.upload();
    }
    return thrownBy(store.resolve("sample:V1"));
  },
  PATH_INVALID: async () => {
    await using draft = await (await testStore()).artifact(DATA);
    return await thrownBy(draft.add(Buffer.from("x"), { as: "../x" }));
  },
  LINK_OUTSIDE: async () => thrownBy(mirror(await testStore(), planted({ link: { link: "/etc/passwd" } }))),
  READ_FAILED: async () => {
    const fs = new FaultyFileSystem(({ name, path: at }) =>
      name === "open" && at.endsWith("/shut") ? "EACCES" : undefined,
    );
    return thrownBy(mirror(await testStore({ fs }), planted({ shut: "x" })));
  },
  FILE_CHANGED: async () => {
    const folder = planted({ file: "0" });
    const watched = new WatchedFileSystem();
    let time = 0;
    watched.onRead = () => writeFileSync(path.join(folder, "file"), `${++time}`.repeat(time));
    return thrownBy(mirror(await testStore({ fs: watched.fs }), folder));
  },
  WRITE_FAILED: async () => {
    const store = await storeFailing("EACCES", "rename", /\.artifold-[0-9a-f]{16}\.tmp$/);
    return thrownBy((await store.getArtifact(DATA)).download(path.join(temporaryFolder(), "out")));
  },
  STORE_READ_FAILED: async () => {
    const store = await storeFailing("EIO", "read", /\/journal\//);
    return thrownBy((await store.getArtifact(DATA)).read("large"));
  },
  STORE_WRITE_FAILED: async () => {
    const store = await storeFailing("EIO", "flush", /\/journal\//);
    return thrownBy(uploadFiles(store, { b: "2" }));
  },
  NO_SPACE: async () => {
    const store = await storeFailing("ENOSPC", "write", /\.artifold-[0-9a-f]{16}\.tmp$/);
    return thrownBy((await store.getArtifact(DATA)).download(path.join(temporaryFolder(), "out")));
  },
  STORE_REFUSED: () => thrownBy(openStore(planted({ "somebody's": "file" }))),
  FORMAT_UNSUPPORTED: async () => {
    const store = await testStore();
    await store.close();
    writeFileSync(path.join(store.folder, "format.json"), '{"artifold":"store","format":2}');
    return thrownBy(openStore(store.folder));
  },
  LIMIT: async () => {
    await using draft = await (await testStore()).artifact(DATA);
    return await thrownBy(draft.upload({ message: "m".repeat(65_537) }));
  },
  NATIVE_MISSING: () => {
    const file = commandWith((folder) => {
      for (const part of ["package.json", "lib"]) {
        cpSync(path.join(root, "node_modules/better-sqlite3", part), path.join(folder, part), { recursive: true });
      }
    });
    return toldByCommand(["store", "create", "--store", path.join(temporaryFolder(), "store")], { file });
  },
  INTERNAL: () => {
    const broken = path.join(temporaryFolder(), "broken.cjs");
    writeFileSync(broken, 'require("node:fs").readdirSync = () => { throw new Error("not as it should be"); };');
    const data = planted({ a: "1" });
    const args = ["upload", data, "--name", "n", "--type", "t", "--store", path.join(temporaryFolder(), "store")];
    return toldByCommand(args, { env: { NODE_OPTIONS: `--require ${broken}` } });
  },
  CLOSED: async () => {
    const store = await testStore();
    await store.close();
    return thrownBy(store.resolve("sample"));
  },
  NO_STORE: () => thrownBy(openStore(path.join(temporaryFolder(), "none"), { create: false })),
  BUSY: async () => {
    const store = await testStore({ lockWaitMs: 20 });
    const release = await (await testStore({}, store.folder)).engine.locks.writer();
    const told = await thrownBy(uploadFiles(store, { a: "1" }));
    release();
    return told;
  },
  DAMAGED: async () => {
    const store = await testStore();
    await uploadFiles(store, { a: "some text to be found" }, DATA.name);
    const segment = path.join(store.folder, "journal", "00000001.segment");
    const bytes = readFileSync(segment);
    bytes.write("other", bytes.indexOf("some text to be found"));
    writeFileSync(segment, bytes);
    return thrownBy((await store.getArtifact(DATA)).read("a"));
  },
  CONFLICT: async () => {
    const store = await testStore();
    await uploadFiles(store, { a: "1" }, DATA.name);
    return thrownBy((await store.getArtifact(DATA)).download(planted({ a: "my own" })));
  },
  NOT_FOUND: async () => thrownBy((await testStore()).resolve("sample")),
};

test.each(Object.keys(meet) as (keyof typeof meet)[])("%s is met", async (code) => {
  const told = await meet[code]();
  expect({ code: told.code, happened: told.happened }).toEqual({
    code,
    // Whether a failed flush made the record durable nobody knows, nor what a fault of our own did.
    happened: code === "STORE_WRITE_FAILED" || code === "INTERNAL" ? "unknown" : "no",
  });
  expect(told.message.length).toBeGreaterThan(10);
});

test("all codes are met but those that wait for remotes", () => {
  expect(Object.keys(errorCodes).filter((code) => !(code in meet))).toEqual(["DENIED", "UNREACHABLE"]);
});

describe("a native part that cannot be used", () => {
  test("is told with what to do, by npm and by pnpm", async () => {
    const { hint } = await meet.NATIVE_MISSING();
    expect(hint).toContain("npm rebuild better-sqlite3");
    expect(hint).toContain("pnpm approve-builds");
  });

  test("is one whose SQLite can lose data, too", () => {
    const file = commandWith((folder) => {
      writeFileSync(path.join(folder, "package.json"), '{"name":"better-sqlite3","main":"index.js"}');
      // As much of it as is asked before its version is.
      const statement = "{ pluck: () => ({ get: () => process.env.SQLITE_VERSION }) }";
      const main = `module.exports = class { prepare() { return ${statement}; } pragma() {} exec() {} close() {} };`;
      writeFileSync(path.join(folder, "index.js"), main);
    });
    const store = path.join(temporaryFolder(), "store");
    for (const version of ["3.51.2", "3.50.9", "2.99.99"]) {
      const told = toldByCommand(["store", "create", "--store", store], { file, env: { SQLITE_VERSION: version } });
      expect(told).toMatchObject({ code: "NATIVE_MISSING", message: expect.stringContaining(`SQLite ${version}`) });
    }
  });
});

test("a fault of artifold is told in words, with its stack on request only", () => {
  const broken = path.join(temporaryFolder(), "broken.cjs");
  writeFileSync(broken, 'require("node:fs").readdirSync = () => { throw new Error("not as it should be"); };');
  const args = [commandPath, "upload", planted({ a: "1" }), "--name", "n", "--type", "t"];
  const env = {
    ...process.env,
    NODE_OPTIONS: `--require ${broken}`,
    ARTIFOLD_STORE: path.join(temporaryFolder(), "s"),
  };
  const run = spawnSync(process.execPath, args, { encoding: "utf8", env });
  expect(run).toMatchObject({ status: 1, stdout: "" });
  expect(run.stderr).toContain("a fault of artifold: not as it should be");
  expect(run.stderr).toContain("It is not known whether the change was made.");
  expect(run.stderr).not.toMatch(/^\s+at /m);
  const debugging = { ...env, ARTIFOLD_DEBUG: "1" };
  expect(spawnSync(process.execPath, args, { encoding: "utf8", env: debugging }).stderr).toMatch(
    /^\s+at .*readdirSync/m,
  );
});

/** A user that owns nothing here. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const canBeNobody = process.getuid?.() === 0 && spawnSync(process.execPath, ["-e", ""], NOBODY).status === 0;

test.skipIf(!canBeNobody)(
  "a folder that one may not write in: WRITE_FAILED, and it stays as it is (needs the right to be another user)",
  async () => {
    const around = planted({ "shut/mine": "mine", "half/open/mine": "mine" });
    const store = await testStore({}, path.join(around, "store"));
    await uploadFiles(store, { a: "1", "open/b": "2" }, DATA.name);
    await store.close();
    chmodSync(around, 0o777);
    for (const name of readdirSync(store.folder, { recursive: true }) as string[]) {
      chmodSync(path.join(store.folder, name), 0o755);
    }
    chmodSync(store.folder, 0o755);
    chmodSync(path.join(around, "half"), 0o777);
    const env = { ...process.env, HOME: "/nonexistent" };
    for (const [to, shown] of [
      ["shut", "shut"],
      ["shut/new", "shut/new"],
      ["half", "open"],
    ] as const) {
      const target = path.join(around, to);
      const args = [
        commandPath,
        "download",
        "data:V1",
        "--to",
        target,
        "--store",
        store.folder,
        "--trust-owner",
        "--json",
      ];
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env, ...NOBODY });
      expect([status, JSON.parse(stdout)]).toMatchObject([1, { error: { code: "WRITE_FAILED", happened: "no" } }]);
      expect((JSON.parse(stdout) as { error: Told }).error.message).toContain(shown);
    }
    expect(readdirSync(path.join(around, "shut"))).toEqual(["mine"]);
    expect(readdirSync(path.join(around, "half/open"))).toEqual(["mine"]);
  },
);

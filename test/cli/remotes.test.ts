/** Commands of remotes as people type them: over a folder, and over a server with logins. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { command, commandJson, startCommand } from "../support/command.ts";
import { randomBytesOf } from "../support/random.ts";
import { answer, rawServer } from "../support/raw-server.ts";
import { scratch, until, writeFiles } from "../support/stores.ts";

interface Moved {
  readonly versions: readonly {
    readonly ref: string;
    readonly renumberedFrom: string | null;
    readonly diverged: boolean;
  }[];
}

/** Two stores and a folder between them. */
async function twoMachines(): Promise<{ one: string; two: string; hub: string; data: string }> {
  const root = scratch();
  const [one, two, hub, data] = ["one", "two", "hub", "data"].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
    string,
  ];
  writeFiles(data, { "a.txt": "1" });
  await upload(one, data);
  for (const store of [one, two]) await command(store, ["remote", "add", "hub", hub]);
  await command(one, ["push"]);
  await command(two, ["pull"]);
  return { one, two, hub, data };
}

async function upload(store: string, data: string): Promise<void> {
  const { code, stderr } = await command(store, ["upload", data, "--name", "x", "--type", "t"]);
  if (code !== 0) throw new Error(stderr);
}

describe("remotes", () => {
  test("have names, are listed, checked and forgotten", async () => {
    const { one, hub } = await twoMachines();
    expect(await commandJson(one, ["remote", "ls"])).toMatchObject([{ name: "hub", url: hub, kind: "folder" }]);
    expect(await commandJson(one, ["remote", "check", "hub"])).toMatchObject({ ok: true, verdict: "fine" });
    expect((await command(one, ["remote", "check", "hub"])).stderr).toMatch(/^fine /m);
    expect((await command(one, ["remote", "add", "hub", "/elsewhere"])).code).toBe(14);
    for (const call of [
      ["add", "other", "/other"],
      ["rm", "hub"],
    ]) {
      const tried = await command(one, ["remote", ...call, "--dry-run"]);
      expect(tried).toMatchObject({ code: 0, stdout: expect.stringContaining("(dry run: nothing was changed)") });
    }
    expect((await command(one, ["remote", "add", "hub", "/elsewhere", "--dry-run"])).code).toBe(14);
    expect(await commandJson(one, ["remote", "ls"])).toMatchObject([{ name: "hub" }]);
    await command(one, ["remote", "rm", "hub"]);
    expect(await commandJson(one, ["remote", "ls"])).toEqual([]);
    expect((await command(one, ["push"])).code).toBe(2);
    const typo = await command(one, ["push", "nowhere"]);
    expect(typo).toMatchObject({ code: 15, stderr: expect.stringContaining("no artifact nowhere, and no remote of") });
    expect(typo.stderr).toContain("`artifold remote ls` lists remotes.");
  });

  test("tell what moved where one artifact cannot: push, pull and clone", async () => {
    const { one, two, hub, data } = await twoMachines();
    for (const name of ["y", "z"]) await command(one, ["upload", data, "--name", name, "--type", "t"]);
    writeFiles(data, { "b.txt": "2" });
    await command(two, ["upload", data, "--name", "y", "--type", "t"]);
    await upload(two, data);
    const pushed = await command(two, ["push"]);
    expect(pushed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pushed x:V2\npushed y:V1\n/) });
    const refused = { code: 14, stdout: "pushed z:V1\n", stderr: expect.stringMatching(/y here and on .* are two/) };
    expect(await command(one, ["pull", "-q"])).toMatchObject({ code: 14, stdout: "local/uncategorized/x:V2\n" });
    expect(await command(one, ["pull"])).toMatchObject({ code: 14, stdout: "" });
    expect(await command(one, ["push"])).toMatchObject(refused);
    const json = await command(one, ["push", "--json", "--dry-run"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: { code: "CONFLICT", hint: expect.stringContaining("All else would be done.") },
      versions: [],
    });
    const third = path.join(scratch(), "third");
    await command(third, ["upload", data, "--name", "y", "--type", "t"]);
    const pulled = await command(third, ["pull", hub, "--json"]);
    expect(pulled.code).toBe(14);
    expect(JSON.parse(pulled.stdout)).toMatchObject({
      error: { code: "CONFLICT", hint: expect.stringContaining("All else is done.") },
      versions: [{ ref: "local/uncategorized/x:V1" }, { ref: "local/uncategorized/x:V2" }, { ref: expect.any(String) }],
    });
    // Packs that are gone: the clone has all else.
    const packs = () => readdirSync(path.join(hub, "p"), { recursive: true, encoding: "utf8" });
    const before = packs();
    const lost = writeFiles(path.join(scratch(), "lost"), { bytes: randomBytesOf(1, 200_000) });
    await command(one, ["upload", lost, "--name", "lost", "--type", "t"]);
    await command(one, ["push", "lost"]);
    for (const pack of packs())
      if (!before.includes(pack)) rmSync(path.join(hub, "p", pack), { recursive: true, force: true });
    const clone = await command(path.join(scratch(), "unused"), ["clone", hub, path.join(scratch(), "clone")]);
    expect(clone).toMatchObject({ code: 13, stdout: expect.stringContaining("cloned x:V1\n") });
    expect(clone.stdout).not.toContain("lost");
  });

  test("--team and --experiment are taken at their word, also where a name is unique elsewhere", async () => {
    const { one, hub, data } = await twoMachines();
    const third = path.join(scratch(), "third");
    for (const place of [
      ["--team", "acme"],
      ["--experiment", "none"],
    ]) {
      expect((await command(one, ["push", hub, "x", ...place])).code).toBe(15);
      expect((await command(third, ["pull", hub, "x", ...place])).code).toBe(15);
    }
    // Of two of one name it is the one that is in the folder's own place.
    await command(one, ["upload", data, "--name", "x", "--type", "t", "--team", "acme"]);
    await command(one, ["push", hub]);
    expect((await commandJson<Moved>(third, ["pull", hub, "x"])).versions).toMatchObject([
      { ref: "local/uncategorized/x:V1" },
    ]);
    expect((await commandJson<Moved>(third, ["pull", hub, "x", "--team", "acme"])).versions).toMatchObject([
      { ref: "acme/uncategorized/x:V1" },
    ]);
  });

  test("where both sides changed a path the push ends with 3, and merge makes one version of both", async () => {
    const { one, two, data } = await twoMachines();
    writeFileSync(path.join(data, "a.txt"), "one");
    await upload(one, data);
    writeFileSync(path.join(data, "a.txt"), "two");
    await upload(two, data);
    await command(one, ["push"]);
    const pushed = await command(two, ["push", "--json"]);
    expect(pushed.code).toBe(3);
    expect((JSON.parse(pushed.stdout) as Moved).versions).toMatchObject([
      { ref: "local/uncategorized/x:V3", renumberedFrom: "V2", diverged: true, divergedFrom: "V2" },
    ]);
    expect(pushed.stderr).toContain(
      "x:V3 and x:V2 changed the same paths; `artifold merge x:V3 x:V2` makes one of them",
    );
    const merged = await command(two, ["merge", "x:V3", "x:V2"]);
    expect(merged).toMatchObject({
      code: 14,
      stderr: expect.stringContaining("on the way to V3 and on the way to V2"),
    });
    expect(merged.stderr).toContain("`artifold merge x:V3 x:V2` with --ours or --theirs");
    expect(await commandJson(two, ["merge", "x:V3", "x:V2", "--theirs-at", "a.txt"])).toMatchObject({
      version: "V4",
      changed: true,
    });
    expect((await command(two, ["push"])).code).toBe(0);
    await command(one, ["pull"]);
    expect((await command(one, ["cat", "x:V4/a.txt"])).stdout).toBe("one");
    expect(await commandJson(one, ["merge", "x:V4", "x:V2"])).toMatchObject({ version: "V4", changed: false });
  });

  test("a push of no version tells what else was sent, and only then that there was nothing", async () => {
    const { one, hub } = await twoMachines();
    const push = async (...args: string[]) => (await command(one, ["push", ...args])).stdout.split("\n")[0];
    expect(await push()).toBe(`${hub} has everything`);
    expect((await command(one, ["push", "-q"])).stdout).toBe("");
    await command(one, ["tag", "x:V1", "best"]);
    await command(one, ["meta", "x:V1", "a=1"]);
    expect(await push("--dry-run")).toBe(`would send tags and notes to ${hub}, and no version`);
    expect(await push()).toBe(`sent tags and notes to ${hub}, and no version`);
    await command(one, ["rm", "x:V1", "--yes"]);
    expect(await push()).toBe(`sent removals to ${hub}, and no version`);
    await command(one, ["restore", "x:V1"]);
    expect(await push()).toBe(`sent restored versions to ${hub}, and no version`);
    await command(one, ["run", "--", "true"]);
    expect(await push()).toBe(`sent runs to ${hub}, and no version`);
    expect(await push()).toBe(`${hub} has everything`);
  });

  test("with auto-push on, an upload is pushed, and stands where that fails", async () => {
    const { one, hub, data } = await twoMachines();
    const environment = { XDG_CONFIG_HOME: scratch() };
    await command(one, ["setting", "--auto-push", "on"], undefined, environment);
    writeFileSync(path.join(data, "a.txt"), "pushed");
    const args = ["upload", data, "--name", "x", "--type", "t"];
    expect(await command(one, args, undefined, environment)).toMatchObject({ code: 0 });
    const third = path.join(scratch(), "third");
    expect((await commandJson<Moved>(third, ["pull", hub])).versions).toHaveLength(2);
    await command(one, ["remote", "rm", "hub"]);
    writeFileSync(path.join(data, "a.txt"), "kept");
    const kept = await command(one, args, undefined, environment);
    expect(kept).toMatchObject({ code: 0, stdout: expect.stringContaining("x:V3") });
    expect(kept.stderr).toContain("it was not pushed");
  });

  test("a dry run tells, and changes nothing", async () => {
    const { one, two, data } = await twoMachines();
    writeFileSync(path.join(data, "a.txt"), "changed");
    await upload(one, data);
    const push = await commandJson<Moved>(one, ["push", "--dry-run"]);
    expect(push.versions.map(({ ref }) => ref)).toEqual(["local/uncategorized/x:V2"]);
    expect((await commandJson<Moved>(two, ["pull", "--dry-run"])).versions).toEqual([]);
    await command(one, ["push"]);
    const pull = await commandJson<Moved>(two, ["pull", "--dry-run"]);
    expect(pull.versions.map(({ ref }) => ref)).toEqual(["local/uncategorized/x:V2"]);
    expect((await command(two, ["show", "x:V2"])).code).toBe(15);
  });

  test("a clone makes a store in the folder; with metadata only, content is fetched when it is read", async () => {
    const { hub } = await twoMachines();
    const folder = path.join(scratch(), "clone");
    mkdirSync(folder);
    const none = path.join(scratch(), "none");
    const cloned = await commandJson<Moved>(none, ["clone", hub, folder, "--metadata-only"]);
    expect(cloned.versions).toMatchObject([{ ref: "local/uncategorized/x:V1" }]);
    const store = path.join(folder, ".artifold");
    expect((await command(store, ["ls", "x:V1"])).stdout).toContain("a.txt");
    expect((await command(store, ["cat", "x:V1/a.txt"])).stdout).toBe("1");
    expect((await command(none, ["clone", hub, folder])).code).toBe(14);
    expect((await command(none, ["clone", path.join(folder, "nothing"), path.join(folder, "b")])).code).toBe(15);
    expect(existsSync(path.join(folder, "b"))).toBe(false);
  });

  test("a version is complete from the download on that fetched all of it, and show tells", async () => {
    const { one, hub, data } = await twoMachines();
    writeFiles(data, { "b.txt": "2", "c/c.txt": "3" });
    await upload(one, data);
    writeFiles(data, { "a.txt": "changed", "d.txt": "4" });
    await upload(one, data);
    await command(one, ["push"]);
    const root = scratch();
    const store = path.join(root, "clone", ".artifold");
    await command(one, ["clone", hub, path.join(root, "clone"), "--metadata-only"]);
    const isComplete = async (ref: string) =>
      (await commandJson<{ complete: boolean }>(store, ["show", ref]))["complete"];
    expect((await command(store, ["show", "x:V2"])).stdout).toContain("on a remote, and fetched when it is read");
    const part = path.join(root, "part");
    expect((await command(store, ["download", "x:V2", "--to", part, "--path", "c/**"])).code).toBe(0);
    expect(await isComplete("x:V2")).toBe(false);
    const out = path.join(root, "out");
    expect((await command(store, ["download", "x:V2", "--to", out])).code).toBe(0);
    expect(await isComplete("x:V2")).toBe(true);
    expect((await command(store, ["show", "x:V2"])).stdout).not.toContain("on a remote");
    // What is fetched on the way from one version to another makes that one whole, too.
    expect(await isComplete("x:V3")).toBe(false);
    expect((await command(store, ["download", "x:V3", "--to", out])).code).toBe(0);
    expect(await isComplete("x:V3")).toBe(true);
    expect(await commandJson(store, ["verify"])).toMatchObject({ ok: true });
    expect(await isComplete("x:V1")).toBe(false);
  });

  test("whoami tells who runs it, as versions do, whatever USER says", async () => {
    const root = scratch();
    const environment = { XDG_CONFIG_HOME: root };
    const { username } = userInfo();
    for (const USER of ["", "somebody-else"]) {
      expect(await commandJson(root, ["whoami"], root, { ...environment, USER })).toMatchObject({
        user: username,
        server: null,
      });
    }
    expect(await commandJson(root, ["whoami"], root, { ...environment, ARTIFOLD_USER: "mina" })).toMatchObject({
      user: "mina",
    });
  });

  test("a server is HOST:PORT as in the settings, or a URL; keys go to other machines encrypted only", async () => {
    const root = scratch();
    const environment = { XDG_CONFIG_HOME: root };
    const ask = (...args: string[]) => commandJson(root, args, root, environment);
    const login = { server: "http://127.0.0.1:19311", key: "k", user: "kim", team: null };
    writeFiles(path.join(root, "artifold"), { "logins.json": JSON.stringify({ logins: [login] }) });
    for (const server of ["127.0.0.1:19311", "http://127.0.0.1:19311", "http://127.0.0.1:19311/"]) {
      expect(await ask("whoami", "--server", server)).toMatchObject({ user: "kim", server: login.server });
    }
    expect(await ask("whoami", "--server", "https://127.0.0.1:19311")).toMatchObject({ server: null });
    expect(await ask("whoami", "--server", "a b")).toMatchObject({ error: { code: "USAGE" } });
    for (const server of ["example.org:9111", "example.org", "http://example.org"]) {
      expect(await ask("login", "--key", "k", "--server", server)).toMatchObject({
        error: { code: "DENIED", hint: expect.stringContaining("https://") },
      });
    }
    expect(await ask("logout", "--server", "127.0.0.1:19311")).toEqual({ server: login.server });
    expect(await ask("logout", "--server", "127.0.0.1:19311")).toEqual({ server: null });
  });

  test("a remote that lost a pack is mended by push --whole, as the error of a clone says", async () => {
    const { one, hub, data } = await twoMachines();
    writeFileSync(path.join(data, "b.bin"), randomBytesOf(1, 50_000));
    await upload(one, data);
    await command(one, ["push"]);
    const packs = readdirSync(path.join(hub, "p"), { recursive: true, encoding: "utf8" });
    const files = packs.map((name) => path.join(hub, "p", name)).filter((file) => statSync(file).isFile());
    rmSync(files.sort((left, right) => statSync(right).size - statSync(left).size)[0] as string);
    const broken = await command(one, ["clone", hub, path.join(scratch(), "broken")]);
    expect(broken).toMatchObject({ code: 13, stderr: expect.stringContaining("artifold push --whole") });
    expect(await commandJson(one, ["push"])).toMatchObject({ versions: [], sentBytes: 0 });
    const dry = await command(one, ["push", "--whole", "--dry-run"]);
    expect(dry.stdout).not.toContain("has everything");
    expect(dry.stdout).toContain("1 pack gone or damaged: what these versions need would be sent again");
    expect(await commandJson(one, ["push", "--whole"])).toMatchObject({ versions: [], unsoundPacks: 1, leftOut: [] });
    expect((await command(one, ["push", "--whole"])).stdout).toContain("no pack that was looked at is gone or damaged");
    const mended = path.join(scratch(), "mended");
    expect((await command(one, ["clone", hub, mended])).code).toBe(0);
    expect((await command(path.join(mended, ".artifold"), ["verify"])).code).toBe(0);
  });

  test("a clone that failed or was stopped is repeated, and leaves nothing where the remote did not answer", async () => {
    const { hub, one } = await twoMachines();
    const folder = path.join(scratch(), "deep", "clone");
    const none = path.join(scratch(), "none");
    const denied = await rawServer(
      answer(403, { "artifold-remote": "1" }, JSON.stringify({ code: "DENIED", message: "no" })),
    );
    expect((await command(none, ["clone", denied.url, folder])).code).toBe(12);
    const silent = await rawServer(() => undefined);
    const stopped = startCommand(none, ["clone", silent.url, folder]);
    await until("it asks", () => silent.heads.length > 0);
    stopped.child.kill("SIGINT");
    expect((await stopped.ended).code).toBe(130);
    expect(existsSync(path.dirname(folder))).toBe(false);
    // What a clone leaves that was killed before it had read a step.
    const store = path.join(folder, ".artifold");
    await command(none, ["store", "create", folder]);
    await command(store, ["remote", "add", "origin", hub]);
    expect((await command(none, ["clone", path.dirname(one), folder])).code).toBe(14);
    expect((await command(none, ["clone", hub, folder])).code).toBe(0);
    expect((await command(store, ["cat", "x:V1/a.txt"])).stdout).toBe("1");
    const again = await command(none, ["clone", hub, folder]);
    expect(again).toMatchObject({ code: 14, stderr: expect.stringContaining("`artifold pull` there goes on") });
  });

  test("a server takes what is pushed with a key, shows it, and lets nobody write without one", async () => {
    const { one, two } = await twoMachines();
    const root = scratch();
    const [server, config] = [path.join(root, "server"), path.join(root, "config")];
    const { token, id } = await commandJson<{ token: string; id: string }>(server, [
      "token",
      "create",
      "--scope",
      "write",
      "--user",
      "kim",
    ]);
    const running = startCommand(server, ["serve", "--port", "0", "--json"]);
    onTestFinished(async () => {
      running.child.kill("SIGTERM");
      await running.ended;
    });
    let printed = "";
    running.child.stdout?.on("data", (bytes: Buffer) => {
      printed += bytes.toString();
    });
    await until("it listens", () => printed.endsWith("\n"));
    const { url } = JSON.parse(printed) as { url: string };
    const environment = { XDG_CONFIG_HOME: config };
    expect((await command(one, ["push", url], undefined, environment)).code).toBe(12);
    const login = await command(one, ["login", "--key", token, "--server", url, "--json"], undefined, environment);
    expect(JSON.parse(login.stdout)).toMatchObject({ user: "kim", server: url });
    const file = path.join(config, "artifold", "logins.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await commandJson<Moved>(one, ["push", "server"], undefined, environment)).versions).toMatchObject([
      { ref: "local/uncategorized/x:V1" },
    ]);
    const third = path.join(root, "third");
    await command(third, ["upload", path.join(path.dirname(one), "data"), "--name", "y", "--type", "t"]);
    const pushed = await command(third, ["push", url, "--json"], undefined, environment);
    expect((JSON.parse(pushed.stdout) as Moved).versions).toMatchObject([{ ref: "local/uncategorized/y:V1" }]);
    expect(`${pushed.stdout}${pushed.stderr}`).not.toContain(token);
    expect(readFileSync(path.join(server, "tokens.json"), "utf8")).not.toContain(token.slice(25));
    // Reading needs no key on this machine, and the server's own store knows what came.
    expect((await commandJson<Moved>(two, ["pull", url, "y"])).versions).toMatchObject([
      { ref: "local/uncategorized/y:V1" },
    ]);
    await until("the server's store has it", async () => (await command(server, ["cat", "y:V1/a.txt"])).stdout === "1");
    expect(await commandJson(server, ["token", "revoke", id, "--yes"])).toEqual({
      id,
      user: "kim",
      team: null,
      scope: "write",
      createdAt: expect.any(String),
      expiresAt: null,
    });
    expect((await command(server, ["token", "revoke", id, "--yes", "--dry-run"])).code).toBe(15);
    writeFileSync(path.join(path.dirname(one), "data", "a.txt"), "again");
    await command(third, ["upload", path.join(path.dirname(one), "data"), "--name", "y", "--type", "t"]);
    expect((await command(third, ["push", url], undefined, environment)).code).toBe(12);
  });
});

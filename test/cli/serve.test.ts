/** `serve` as people start it: what it prints, who gets in, and how it ends. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { networkInterfaces } from "node:os";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Client } from "../../src/client/index.ts";
import { openStore } from "../../src/index.ts";
import { TokenStore } from "../../src/server/index.ts";
import { command, type Running, startCommand } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { until } from "../support/stores.ts";

interface Serving extends Running {
  readonly url: string;
  readonly login: string;
  readonly printed: () => { stdout: string; stderr: string };
}

/** Starts it on a free port, and ends it with the test. */
async function serving(store: string, args: readonly string[] = []): Promise<Serving> {
  const port = args.includes("--port") ? [] : ["--port", "0"];
  const running = startCommand(store, ["serve", ...port, "--json", ...args]);
  onTestFinished(async () => {
    running.child.kill("SIGTERM");
    await running.ended;
  });
  const printed = { stdout: "", stderr: "" };
  running.child.stdout?.on("data", (bytes) => {
    printed.stdout += bytes;
  });
  running.child.stderr?.on("data", (bytes) => {
    printed.stderr += bytes;
  });
  await until("it listens", () => printed.stdout.endsWith("\n"));
  return { ...running, ...JSON.parse(printed.stdout), printed: () => printed };
}

const newStore = (): string => path.join(temporaryFolder(), "store");
const codeOf = (login: string): string => login.split("#code=")[1] as string;

/** Sends bytes as they are, and gives what comes back. */
function raw(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.end(text));
    let answer = "";
    socket.on("data", (bytes) => {
      answer += bytes;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

describe("serve", () => {
  test("makes the store, prints where it is, and lets in who has the code, once", async () => {
    const store = newStore();
    const { url, login, printed } = await serving(store);
    expect(login).toBe(`${url}/login#code=${codeOf(login)}`);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ ok: true });
    const nobody = new Client({ url });
    expect(await nobody.call("session")).toMatchObject({
      login: null,
      may: { read: true, write: false },
      isPrivate: false,
    });
    const { token } = await nobody.call("openSession", { body: { code: codeOf(login) } });
    const api = new Client({ url, token: () => token });
    const params = { team: "t", experiment: "e", type: "dataset", name: "sample" };
    const { draft } = await api.call("openDraft", { params });
    const body = new Uint8Array(3_000_000).fill(7);
    await api.call("putFile", { params: { draft }, query: { path: "a" }, body });
    await api.call("finishDraft", { params: { draft }, body: {} });
    const [version] = (await nobody.call("versions", { params })).items;
    expect(version).toMatchObject({ version: "V1", bytes: 3_000_000 });
    const file = await nobody.fetch("file", { params: { ...params, version: "V1" }, query: { path: "a" } });
    expect(Buffer.from(await file.arrayBuffer()).equals(body)).toBe(true);
    await until("the next code is told", () => printed().stderr.includes("#code="));
    expect(printed().stderr).not.toContain(codeOf(login));
  });

  test("tells open pages of what other processes do", async () => {
    const store = newStore();
    const { url } = await serving(store);
    const data = temporaryFolder();
    plant(data, { a: "1" });
    const gone = new AbortController();
    const events = new Client({ url }).events({ signal: gone.signal, after: 0 });
    const next = events.next();
    await command(store, ["upload", data, "--name", "sample", "--type", "dataset"]);
    expect((await next).value?.changes.map(({ kind }) => kind)).toEqual(["artifact", "version"]);
    gone.abort();
  });

  test("has both addresses of this machine, or says that somebody else has one", async () => {
    const { url } = await serving(newStore());
    const { port } = new URL(url);
    const others = Object.values(networkInterfaces()).flat();
    if (others.some((each) => each?.address === "::1")) {
      expect(await (await fetch(`http://[::1]:${port}/health`)).json()).toEqual({ ok: true });
      const other = createServer().listen(0, "::1");
      onTestFinished(() => void other.close());
      await once(other, "listening");
      const taken = (other.address() as AddressInfo).port;
      const { printed } = await serving(newStore(), ["--port", String(taken)]);
      expect(printed().stderr).toContain("may not be this server");
    } else expect((await fetch(`${url}/health`)).ok).toBe(true);
  });

  test("in private tells nobody anything", async () => {
    const { url } = await serving(newStore(), ["--private"]);
    for (const route of ["experiments", "artifacts", "runs", "log", "events"] as const) {
      await expect(new Client({ url }).call(route)).rejects.toMatchObject({ status: 401, code: "DENIED" });
    }
  });

  test("answers only to its own name, and to nothing that is no request", async () => {
    const { url } = await serving(newStore(), ["--allow-host", "box.example"]);
    const ask = async (host: string, target = "/api/session"): Promise<string> =>
      (await raw(url, `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)).split(
        "\r\n",
      )[0] as string;
    const { port } = new URL(url);
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `[::1]:${port}`,
      "box.example",
      `BOX.example:${port}`,
    ]) {
      expect(await ask(host), host).toBe("HTTP/1.1 200 OK");
    }
    for (const host of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1:1",
      `127.0.0.1.evil.example:${port}`,
      "x.box.example",
    ]) {
      expect(await ask(host), host).toMatch(/^HTTP\/1\.1 421 /);
    }
    for (const target of [
      "/api/../api/session",
      "/api/%2e%2e/x",
      "//evil.example/",
      "http://evil.example/",
      "/a\\b",
      "*",
    ]) {
      expect(await ask(`127.0.0.1:${port}`, target), target).toMatch(/^HTTP\/1\.1 (400|421) /);
    }
    expect(await raw(url, "hello\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(url, `GET / HTTP/1.1\r\nhost: a\r\nx: ${"x".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test.skipIf(process.platform !== "linux")("is reached at the address that it was told to listen at", async () => {
    const { url } = await serving(newStore(), ["--host", "127.0.0.2"]);
    expect(new URL(url).hostname).toBe("127.0.0.2");
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ ok: true });
  });

  test.skipIf(process.platform === "win32")("ends with a signal, with pages that listen", async () => {
    const { url, child, ended } = await serving(newStore());
    const events = new Client({ url }).events();
    const next = events.next().catch(() => ({ done: true }));
    await until("it listens", async () => (await fetch(`${url}/health`)).ok);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(await next).toMatchObject({ done: true });
  });

  test.skipIf(process.platform === "win32")("does not wait for an upload that stands still", async () => {
    const { url, login, child, ended } = await serving(newStore());
    const { token } = await new Client({ url }).call("openSession", { body: { code: codeOf(login) } });
    const api = new Client({ url, token: () => token });
    const params = { team: "t", experiment: "e", type: "dataset", name: "sample" };
    const { draft } = await api.call("openDraft", { params });
    const headers = [
      `PUT /api/drafts/${draft}/file?path=a HTTP/1.1`,
      `host: ${new URL(url).host}`,
      `authorization: Bearer ${token}`,
      "content-type: application/octet-stream",
      "content-length: 100",
    ];
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(`${headers.join("\r\n")}\r\n\r\nonly this`));
    socket.on("error", () => undefined);
    // It has begun once another request of the draft waits for it.
    const waiting = api.call("removeEntries", { params: { draft }, query: { glob: "x" } }).catch(() => "ended");
    await until("it was taken", async () => (await fetch(`${url}/health`)).ok);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    await waiting;
    socket.destroy();
  });

  test("says what is in its way", async () => {
    const store = newStore();
    const { url } = await serving(store);
    const taken = await command(store, ["serve", "--port", new URL(url).port, "--json"]);
    expect([taken.code, JSON.parse(taken.stdout).error.code]).toEqual([11, "BUSY"]);
    for (const args of [
      ["--port", "70000"],
      ["--port", "x"],
      ["--allow-host", "a/b"],
      ["--allow-host", "foo:"],
      ["--host", "fe80::1%lo"],
      ["--host", "no.such.host.invalid"],
    ]) {
      const { code, stdout } = await command(store, ["serve", "--port", "0", "--json", ...args]);
      expect([code, JSON.parse(stdout).error.code], args.join(" ")).toEqual([2, "USAGE"]);
    }
  });

  test("on an address for others lets nobody in without a token, and nobody know anything", async () => {
    const folder = newStore();
    const refused = await command(folder, ["serve", "--host", "0.0.0.0", "--port", "0", "--json"]);
    expect([refused.code, JSON.parse(refused.stdout).error.hint]).toEqual([2, expect.stringContaining("token create")]);
    const store = await openStore(folder, { workers: 0 });
    const { token } = await new TokenStore(store.engine).create({ user: "kim", scope: "read" });
    await store.close();
    const { url, printed } = await serving(folder, ["--host", "0.0.0.0"]);
    expect(printed().stderr).toContain("not encrypted");
    const { port } = new URL(url);
    const near = `http://127.0.0.1:${port}`;
    await expect(new Client({ url: near }).call("artifacts")).rejects.toMatchObject({ status: 401 });
    expect((await new Client({ url: near, token: () => token }).call("artifacts")).total).toBe(0);
  });
});

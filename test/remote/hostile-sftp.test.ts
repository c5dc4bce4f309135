/** SSH servers that mean ill: whatever their files say, the error is clean, memory bounded, and nothing is seen elsewhere. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import ssh2, { type SFTPWrapper } from "ssh2";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { impatientRemote, parseRemoteUrl, type Remote, type RemoteAddress } from "../../src/remote/index.ts";
import { SftpListing } from "../../src/remote/sftp/listing.ts";
import { openSftpRemote } from "../../src/remote/sftp/open.ts";
import { all } from "../support/stores.ts";

const OK = 0;
const EOF = 1;
const FAILURE = 4;
const FOLDER = 0o040755;
const FILE = 0o100644;
const attributes = (mode: number, size = 0): object => ({ mode, size, uid: 0, gid: 0, atime: 0, mtime: 0 });

/** What is answered to a request; what is left out is answered as a place with nothing in it does. */
interface Answers {
  /** Names of one answer after another. */
  readonly names?: readonly (readonly { filename: string; attrs: object }[])[];
  /** Of an open file. */
  readonly attrs?: object;
  readonly read?: (sftp: SFTPWrapper, id: number, length: number) => void;
  /** Nothing is answered to this request. */
  readonly silent?: string;
}

let around: string;
let keyFile: string;
/** Of the user and of all servers. Not by ssh2: of one in 256 of the ed25519 keys that it makes it leaves out a byte. */
const key: string = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "sec1", format: "pem" },
}).privateKey;
const servers: { close(): unknown }[] = [];
beforeAll(() => {
  around = mkdtempSync(path.join(tmpdir(), "artifold-hostile-sftp-"));
  keyFile = path.join(around, "key");
  writeFileSync(keyFile, key, { mode: 0o600 });
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rmSync(around, { recursive: true }));

async function hostile(answers: Answers): Promise<Remote> {
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => context.accept());
    client.on("session", (accept) => accept().on("sftp", (begin) => serve(begin(), answers)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return open((server.address() as { port: number }).port);
}

function open(port: number): Remote {
  const address = parseRemoteUrl(`sftp://somebody@127.0.0.1:${port}/place`, "/");
  const sftp = {
    identityFiles: [keyFile],
    knownHostsFiles: [path.join(around, `hosts-${port}`)],
    acceptNewHosts: true,
  };
  return openSftpRemote(address as Extract<RemoteAddress, { kind: "sftp" }>, { environment: { HOME: around }, sftp });
}

function serve(sftp: SFTPWrapper, { names = [], attrs = attributes(FILE, 10), read, silent }: Answers): void {
  const on = (request: string, answer: (id: number, ...more: never[]) => void): void => {
    if (request !== silent)
      (sftp as unknown as NodeJS.EventEmitter).on(request, answer as (...more: unknown[]) => void);
  };
  const page = new Map<string, number>();
  let handles = 0;
  for (const request of ["STAT", "LSTAT"]) on(request, (id) => sftp.attrs(id, attributes(FOLDER) as never));
  for (const request of ["OPEN", "OPENDIR"]) on(request, (id) => sftp.handle(id, Buffer.from([handles++])));
  on("FSTAT", (id) => sftp.attrs(id, attrs as never));
  on("CLOSE", (id) => sftp.status(id, OK));
  on("READDIR", (id, handle: Buffer) => {
    const key = handle.toString("hex");
    const next = names[page.get(key) ?? 0];
    page.set(key, (page.get(key) ?? 0) + 1);
    if (next === undefined) sftp.status(id, EOF);
    else sftp.name(id, next.map((each) => ({ longname: each.filename, ...each })) as never);
  });
  on("READ", (id, _handle: Buffer, _offset: number, length: number) =>
    read === undefined ? sftp.status(id, EOF) : read(sftp, id, length),
  );
}

async function failureOf(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  const result = await call.then(
    (value) => ({ gave: value }),
    (error: unknown) => error,
  );
  expect(result).toMatchObject({ name: "ArtifoldError" });
  expect((result as Error).message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  return result as never;
}

const file = (filename: string, size = 10): { filename: string; attrs: object } => ({
  filename,
  attrs: attributes(FILE, size),
});

describe("a list", () => {
  test("has no names that lead elsewhere", async () => {
    const names = ["..", ".", "../x", "/abs", "a/b", "a\\b", "C:x", "a\0b", "A", "\u001b[31m", "ok", "x".repeat(300)];
    const remote = await hostile({ names: [names.map((name) => file(name))] });
    expect(await all(remote.list("a/"))).toEqual([{ key: "a/ok", size: 10 }]);
    await remote.close();
  });

  test.each([
    ["a size beyond all", file("b", 2 ** 63)],
    ["a device", { filename: "b", attrs: attributes(0o020644) }],
    ["a link", { filename: "b", attrs: attributes(0o120777) }],
  ])("with %s is refused", async (_, name) => {
    const remote = await hostile({ names: [[name]] });
    expect(await failureOf(all(remote.list("a/")))).toMatchObject({ code: "DAMAGED" });
    await remote.close();
  });

  test("with folders in folders without end comes to one, for keys do", async () => {
    const deeper = { filename: "deeper".repeat(10), attrs: attributes(FOLDER) };
    const remote = await hostile({ names: [[deeper]] });
    expect(await all(remote.list(""))).toEqual([]);
    await remote.close();
  });

  test.each([
    ["keys", (at: number) => `${at}`],
    ["temporary files", (at: number) => `.tmp-${at}`],
  ])("of %s without end does not fill the memory", async (_, nameOf) => {
    const stat = { size: 1, mtime: 0, isFile: () => true, isDirectory: () => false };
    let at = 0;
    const files = {
      openFolder: async () => Buffer.from([1]),
      nextNames: async () => Array.from({ length: 10_000 }, () => ({ filename: nameOf(at++), attrs: stat })),
      close: async () => {},
    };
    const place = {
      names: (call: (files: never, tell: () => void) => Promise<unknown>) => call(files as never, () => {}),
      pathOf: (key: string) => key,
      strange: () => new Error("strange"),
      damaged: (why: string) => new Error(why),
      onTemporary: () => {},
    };
    const listing = new SftpListing(place as never, "a/", "");
    await expect(all(listing.below("a/"))).rejects.toThrow("does not end");
    expect(at).toBeLessThan(2_500_000);
  });
});

describe("a file", () => {
  test.each<[string, Answers]>([
    ["says that it is longer than any key", { attrs: attributes(FILE, 2 ** 62) }],
    ["has less than it says", { attrs: attributes(FILE, 10) }],
    ["has nothing where it says", { read: (sftp, id) => sftp.data(id, Buffer.alloc(0)) }],
  ])("that %s is refused", async (_, answers) => {
    const remote = await hostile(answers);
    expect(await failureOf(remote.read("a/0"))).toMatchObject({ code: "DAMAGED" });
    await remote.close();
  });

  test("of which more comes than was asked for gives what was asked for, or nothing", async () => {
    const read: Answers["read"] = (sftp, id, length) => void sftp.data(id, Buffer.alloc(length + 1000, 1));
    const remote = await hostile({ read });
    const result = await remote.read("a/0", { offset: 2, length: 5 }).catch((error: unknown) => error);
    if (result instanceof Uint8Array) expect(result).toEqual(new Uint8Array(5).fill(1));
    else expect(result).toMatchObject({ name: "ArtifoldError" });
    await remote.close();
  });

  test("that cannot be read for reasons in colours is told without them", async () => {
    const read: Answers["read"] = (sftp, id) => void sftp.status(id, FAILURE, "\u001b[31mno\u202e\n");
    const remote = await hostile({ read });
    expect(await failureOf(remote.read("a/0"))).toMatchObject({ code: "UNREACHABLE" });
    await remote.close();
  });
});

test.each(["OPEN", "FSTAT", "READ", "CLOSE"])("who never answers to %s is given up", async (silent) => {
  const remote = impatientRemote(await hostile({ silent, read: (sftp, id) => sftp.data(id, Buffer.alloc(10)) }), 300);
  const result = await remote.read("a/0").catch((error: unknown) => error);
  expect(result).toMatchObject({ code: "UNREACHABLE" });
  await remote.close();
});

/** A server that does something else with each connection. */
async function another(answer: (socket: Socket) => unknown): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    answer(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

test.each<[string, (socket: Socket) => unknown]>([
  ["another protocol", (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n\u001b[31m")],
  ["nothing", (socket) => socket.end()],
  ["a reset", (socket) => socket.resetAndDestroy()],
  ["half a greeting", (socket) => socket.end("SSH-2.0-Open")],
])("%s where SSH should be", async (_, answer) => {
  const remote = impatientRemote(open(await another(answer)), 500);
  expect(await failureOf(remote.read("a/0"))).toMatchObject({ code: "UNREACHABLE" });
  await remote.close();
});

test("who never greets is given up, and what ssh2 says of him after that ends nothing", async () => {
  let socket: Socket | undefined;
  const port = await another((connected) => {
    socket = connected.resume();
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const failure = failureOf(open(port).read("a/0"));
  await vi.waitUntil(() => socket !== undefined);
  const closed = new Promise((resolve) => socket?.once("close", resolve));
  vi.advanceTimersByTime(31_000);
  expect(await failure).toMatchObject({ code: "UNREACHABLE" });
  await closed;
});

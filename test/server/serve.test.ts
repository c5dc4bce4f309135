/** The server around a handler: what is no HTTP, limits of time, size and number, and how it ends. */
import { once } from "node:events";
import net from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { memoryRemote } from "../../src/testing/index.ts";
import { openServed, served, TOKEN } from "../support/served.ts";

const KEYS = "/remote/v1/keys";
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Sends bytes as they are and gives all that comes back. */
async function raw(url: string, text: string, options: { readonly isHeldOpen?: boolean } = {}): Promise<string> {
  const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
  let received = "";
  socket.on("data", (piece) => (received += piece.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(text);
  if (!options.isHeldOpen) socket.end();
  await new Promise((resolve) => socket.on("close", resolve));
  return received;
}

describe("the server around it", () => {
  test.each([
    `${KEYS}/a/../b`,
    `${KEYS}/a/./b`,
    `${KEYS}//a`,
    `${KEYS}/a\\b`,
    `${KEYS}/a%2fb`,
    `${KEYS}/a%5Cb`,
    `${KEYS}/%2e%2e/b`,
    `${KEYS}/a%00`,
    `${KEYS}/a%252fb`,
    "http://other/remote/v1/list",
    "*",
  ])("refuses the target %s before a URL is made of it", async (target) => {
    const { url } = await served(memoryRemote());
    const answered = await raw(
      url,
      `GET ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n\r\n`,
    );
    expect(answered).toMatch(/^HTTP\/1.1 400 /);
  });

  test.each([
    ["a host that is none", "GET / HTTP/1.1\r\nhost: a b\r\n\r\n", 400],
    ["a host with a user", "GET / HTTP/1.1\r\nhost: evil@127.0.0.1\r\n\r\n", 400],
    ["a host with a path", "GET / HTTP/1.1\r\nhost: 127.0.0.1/x?\r\n\r\n", 400],
    ["a host with a fragment", "GET / HTTP/1.1\r\nhost: 127.0.0.1#x\r\n\r\n", 400],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["a method that nobody knows", "TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", 400],
    ["no HTTP", "hello\r\n\r\n", 400],
    ["a head that is too long", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ["two lengths", "PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", 400],
  ])("answers %s with a status", async (_, text, status) => {
    const { url } = await served(memoryRemote());
    expect(await raw(url, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test("who sends nothing more is let go", async () => {
    const { url } = await served(memoryRemote(), {}, { stallMs: 100, headMs: 100 });
    await raw(url, "GET / HTTP/1.1\r\nhost: x\r\n", { isHeldOpen: true });
    const head = `PUT ${KEYS}/a/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nif-none-match: *\r\ncontent-length: 10\r\n\r\n`;
    await raw(url, `${head}half`, { isHeldOpen: true });
  });

  test("who sends so little at a time that it would never end is let go", async () => {
    const { url } = await served(memoryRemote(), {}, { bodyGraceMs: 50, bodyBytesPerSecond: 1024 * 1024 });
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    // Something moves all the time: it does not stand still.
    const sending = setInterval(() => socket.write("x"), 5);
    onTestFinished(() => clearInterval(sending));
    socket.write(
      `PUT ${KEYS}/a/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nif-none-match: *\r\ncontent-length: 100000\r\n\r\n`,
    );
    const seen: Buffer[] = [];
    socket.on("data", (piece) => seen.push(piece));
    socket.on("error", () => {});
    // `once` would fail with the error that it may be let go by, when it is just sending.
    await new Promise((resolve) => socket.once("close", resolve));
    expect(Buffer.concat(seen).toString()).not.toContain(" 201 ");
  });

  test("more connections than it takes are closed, and those that are there go on", async () => {
    const memory = memoryRemote();
    await memory.create("a/0", bytes("0"));
    const { url } = await served(memory, {}, { connectionsMax: 2 });
    const open = async (): Promise<net.Socket> => {
      const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
      socket.on("error", () => {});
      onTestFinished(() => void socket.destroy());
      await once(socket, "connect");
      return socket;
    };
    const [first] = [await open(), await open()];
    const third = await open();
    await once(third, "close");
    first.write(`GET ${KEYS}/a/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n\r\n`);
    const [answered] = (await once(first, "data")) as [Buffer];
    expect(answered.toString()).toMatch(/^HTTP\/1.1 200 /);
  });

  test("closing it lets what runs end, and takes nothing more", async () => {
    const memory = memoryRemote();
    let free = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      free = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      memory.read = async () => {
        resolve();
        await held;
        return bytes("late");
      };
    });
    const server = await served(memory);
    const client = openServed(server);
    const reading = client.read("a/0");
    await begun;
    const closed = server.close();
    await expect(openServed(server).read("a/0")).rejects.toMatchObject({ code: "UNREACHABLE" });
    free();
    expect(await reading).toEqual(bytes("late"));
    await closed;
    await client.close();
  });

  test("closing it ends what does not end by itself after the grace", async () => {
    const memory = memoryRemote();
    const begun = new Promise<void>((resolve) => {
      memory.read = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const server = await served(memory);
    const client = openServed(server);
    const reading = client.read("a/0").catch((error: unknown) => error);
    await begun;
    await server.close(10);
    expect(await reading).toMatchObject({ code: "UNREACHABLE" });
    await client.close();
  });

  test("a reader that takes nothing is not sent more than fits on the way", async () => {
    const memory = memoryRemote();
    await memory.create("a/0", new Uint8Array(100 * 1024 * 1024));
    let read = 0;
    const real = memory.read.bind(memory);
    memory.read = async (key, range, options) => {
      read += range?.length ?? 0;
      return real(key, range, options);
    };
    const { url } = await served(memory);
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`GET ${KEYS}/a/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`);
    socket.pause();
    // It stands still when several looks in a row see the same.
    for (let same = 0, last = -1; same < 20; same = read === last ? same + 1 : 0) {
      last = read;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(40 * 1024 * 1024);
    socket.destroy();
  });

  test("who is refused before all was sent may send the rest, and hears why", async () => {
    const { url } = await served(memoryRemote());
    // As one who does not stop at the end of the answer.
    const socket = net.connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true });
    const errors: unknown[] = [];
    let received = "";
    socket.on("error", (error) => errors.push(error));
    socket.on("data", (piece) => (received += piece.toString("latin1")));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const [pieces, piece] = [200, new Uint8Array(100_000)];
    socket.write(
      `PUT ${KEYS}/a/0 HTTP/1.1\r\nhost: x\r\nif-none-match: *\r\ncontent-length: ${pieces * piece.length}\r\n\r\n`,
    );
    await once(socket, "end");
    for (let sent = 0; sent < pieces && !socket.destroyed; sent++) {
      if (!socket.write(piece)) await Promise.race([once(socket, "drain"), closed]);
    }
    socket.end();
    await closed;
    expect(errors).toEqual([]);
    expect(received).toMatch(/^HTTP\/1.1 401 /);
  });

  test("of requests that are sent ahead one is at work at a time, and very many are not taken", async () => {
    const memory = memoryRemote();
    let [atWork, most, reads] = [0, 0, 0];
    memory.read = async () => {
      reads++;
      most = Math.max(most, ++atWork);
      await new Promise((resolve) => setImmediate(resolve));
      atWork--;
      return bytes("0123456789");
    };
    const { url } = await served(memory);
    const ask = (last = false): string =>
      `GET ${KEYS}/a/0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\nrange: bytes=0-9\r\n${last ? "connection: close\r\n" : ""}\r\n`;
    const answered = await raw(url, ask().repeat(49) + ask(true), { isHeldOpen: true });
    expect(answered.match(/HTTP\/1\.1 206 /g)).toHaveLength(50);
    expect([most, reads]).toEqual([1, 50]);
    await raw(url, ask().repeat(2000), { isHeldOpen: true });
    expect(most).toBe(1);
    expect(reads).toBeLessThan(500);
  });
});

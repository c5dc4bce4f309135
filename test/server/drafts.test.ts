/** Versions in the making over HTTP: many files in one request, several requests at once, and drafts that nobody works on. */
import { rmSync } from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { type ApiError, Client, type DraftFile } from "../../src/client/index.ts";
import { hashContent } from "../../src/digest/index.ts";
import { type ServedStore, servedStore, URL_OF_APP } from "../support/apps.ts";
import { Counted, countingFileSystem } from "../support/counting-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { openScratch, pathsOf, textsOf, until, uploadFiles } from "../support/stores.ts";

const MiB = 1024 * 1024;
const artifact = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample" };
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const octets = { "content-type": "application/octet-stream" };

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "none",
    (error: ApiError) => `${error.status} ${error.code}`,
  );
}

/** A draft, and how to send to it. */
async function drafting(served: ServedStore): Promise<{ api: Client; draft: string; login: string }> {
  const login = await served.token();
  const api = served.client(login);
  return { api, login, draft: (await api.call("openDraft", { params: artifact })).draft };
}

/** A body that is sent piece by piece, when the test says so. */
function slowBody(): { body: ReadableStream<Uint8Array>; send(piece: Uint8Array): void; end(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
  });
  return { body, send: (piece) => controller?.enqueue(piece), end: () => controller?.close() };
}

describe("many files", () => {
  test("go in few requests, small ones together, and are what was sent", async () => {
    const served = await servedStore();
    const { draft, login } = await drafting(served);
    const asked: string[] = [];
    const api = new Client({
      url: URL_OF_APP,
      token: () => login,
      fetch: async (url, init) => {
        asked.push(`${init.method} ${new URL(url).pathname.split("/").at(-1)}`);
        const body = new Uint8Array(await new Response(init.body as Blob).arrayBuffer());
        const headers = { ...(init.headers as object), "content-length": String(body.length) };
        return served.app.handle(new Request(url, { method: init.method as string, headers, body }));
      },
    });
    const files = Array.from({ length: 1200 }, (_, number) => ({
      path: `폴더/${number % 7}/${number}`,
      content: bytes(`content of ${number % 900}`),
      executable: number === 5,
    }));
    const big = randomBytesOf(1, 2 * MiB) as Uint8Array<ArrayBuffer>;
    const sent: DraftFile[] = [];
    await api.addFiles(draft, [{ path: "big", content: new Blob([big]) }, ...files], {
      onSent: (some) => sent.push(...some),
    });
    expect(asked.sort()).toEqual(["PUT file", "PUT files", "PUT files", "PUT files"]);
    expect(sent.length).toBe(1201);
    for (const { path: at, digest, size } of sent) {
      const content = at === "big" ? big : files[Number(at.split("/").at(-1))]?.content;
      expect([digest, size]).toEqual([hashContent(content as Uint8Array), content?.length]);
    }
    const made = await served.client(login).call("finishDraft", { params: { draft }, body: {} });
    expect(made).toMatchObject({ version: "V1", files: 1201 });
    const version = await served.store.resolve("sample");
    expect(Buffer.from(await version.read("폴더/6/1196")).toString()).toBe("content of 296");
    expect((await version.entry("폴더/5/5"))?.executable).toBe(true);
    expect((await version.entry("폴더/6/6"))?.executable).toBe(false);
    expect(await served.store.verify()).toMatchObject({ ok: true });
  });

  test("of any sizes, the empty and the long ones among them", async () => {
    const served = await servedStore();
    const { api, draft } = await drafting(served);
    const sizes = [0, 1, 16 * 1024, 300_000, MiB, MiB + 1, 3 * MiB, 0, 5 * MiB, 700_000];
    const contents = sizes.map((size, number) => randomBytesOf(number + 1, size) as Uint8Array<ArrayBuffer>);
    const parts = contents.flatMap((content, number) => [`{"path":"${number}","size":${content.length}}\n`, content]);
    const { files } = await api.call("putFiles", { params: { draft }, body: new Blob(parts) });
    expect(files).toEqual(
      contents.map((content, number) => ({
        path: String(number),
        size: content.length,
        digest: hashContent(content),
      })),
    );
    await api.call("finishDraft", { params: { draft }, body: {} });
    const version = await served.store.resolve("sample");
    for (const [number, content] of contents.entries()) {
      expect(Buffer.from(await version.read(String(number))).equals(content), String(number)).toBe(true);
    }
  });

  test("of one path the last counts", async () => {
    const served = await servedStore();
    const { api, draft } = await drafting(served);
    const body = bytes('{"path":"a","size":1}\n1{"path":"b","size":1}\n2{"path":"a","size":1}\n3');
    await api.call("putFiles", { params: { draft }, body });
    await api.call("finishDraft", { params: { draft }, body: {} });
    expect(await textsOf(await served.store.resolve("sample"))).toEqual({ a: "3", b: "2" });
  });

  const refused: readonly [string, string, number][] = [
    ["no JSON", "a\n", 400],
    ["JSON that is no object", "1\n", 400],
    ["null", "null\n", 400],
    ["no path", '{"size":0}\n', 400],
    ["no size", '{"path":"a"}\n', 400],
    ["a size below nothing", '{"path":"a","size":-1}\n', 400],
    ["a size that is not whole", '{"path":"a","size":0.5}\n', 400],
    ["a size that is no number of bytes", '{"path":"a","size":9007199254740992}\n', 400],
    ["a size in words", '{"path":"a","size":"1"}\n1', 400],
    ["executable in words", '{"path":"a","size":0,"executable":"yes"}\n', 400],
    ["more than is known", '{"path":"a","size":0,"mode":511}\n', 400],
    ["a key that every object has", '{"path":"a","size":0,"__proto__":{}}\n', 400],
    ["a line without end", '{"path":"a","size":0}', 400],
    ["a line that is too long", `{"path":"${"a".repeat(40_000)}","size":0}\n`, 400],
    ["a path that is too long", `{"path":"${"a/".repeat(3000)}a","size":0}\n`, 400],
    ["a file that is cut short", '{"path":"a","size":2}\n1', 400],
    ["more bytes than a file has", '{"path":"a","size":1}\n12', 400],
    ["a path that leads out", '{"path":"../a","size":0}\n', 400],
    ["a path from the root", '{"path":"/a","size":0}\n', 400],
    ["a path that is empty", '{"path":"","size":0}\n', 400],
    ["half a character", '{"path":"\\ud800","size":0}\n', 400],
    ["a path of a store", '{"path":"x/.artifold","size":0}\n', 400],
    ["a file below a file", '{"path":"good/below","size":0}\n', 409],
    ["more files than one body may have", '{"path":"a","size":0}\n'.repeat(10_001), 413],
  ];
  test.each(refused)("%s: refused, and the draft goes on", async (_, body, status) => {
    const served = await servedStore();
    const { api, draft } = await drafting(served);
    await api.call("putFile", { params: { draft }, query: { path: "good" }, body: bytes("1") });
    expect(await codeOf(api.call("putFiles", { params: { draft }, body: bytes(body) }))).toMatch(
      new RegExp(`^${status} `),
    );
    await api.call("putFiles", { params: { draft }, body: bytes('{"path":"after","size":1}\n2') });
    await api.call("finishDraft", { params: { draft }, body: {} });
    const texts = await textsOf(await served.store.resolve("sample"));
    expect(texts).toMatchObject({ good: "1", after: "2" });
    expect(served.faults).toEqual([]);
  });

  test("a body that is not as long as told, has no length, or is too long", async () => {
    const served = await servedStore();
    const { draft, login } = await drafting(served);
    const put = async (body: string, length: string | undefined): Promise<number> => {
      const headers = { ...octets, ...(length !== undefined && { "content-length": length }) };
      return (await served.ask(`/api/drafts/${draft}/files`, { method: "PUT", token: login, headers, body })).status;
    };
    const line = '{"path":"a","size":1}\n';
    expect(await put(`${line}1`, undefined)).toBe(411);
    expect(await put(`${line}1`, "many")).toBe(411);
    expect(await put(`${line}1`, String(64 * MiB + 1))).toBe(413);
    expect(await put(`${line}1`, "24")).toBe(400);
    expect(await put(`${line}1`, "22")).toBe(400);
    expect(await put(`${line}1`, "23")).toBe(200);
  });
});

describe("several requests at once", () => {
  test("one that is slow holds no other up, and none that come after it are lost", async () => {
    const served = await servedStore();
    const { api, draft, login } = await drafting(served);
    const slow = slowBody();
    const request = { method: "PUT", token: login, headers: { ...octets, "content-length": "4" }, duplex: "half" };
    const sending = served.ask(`/api/drafts/${draft}/file?path=slow`, { ...request, body: slow.body } as never);
    slow.send(bytes("sl"));
    await api.call("putFile", { params: { draft }, query: { path: "quick" }, body: bytes("1") });
    await api.call("putFiles", { params: { draft }, body: bytes('{"path":"other","size":1}\n2') });
    const finishing = api.call("finishDraft", { params: { draft }, body: {} });
    slow.send(bytes("ow"));
    slow.end();
    expect((await sending).status).toBe(200);
    expect(await finishing).toMatchObject({ files: 3 });
    expect(await textsOf(await served.store.resolve("sample"))).toEqual({ slow: "slow", quick: "1", other: "2" });
  });

  test.each([
    ["in place", 0],
    ["in threads", 2],
  ])("files that have chunks in common are whole, each of which is stored once: %s", async (_, workers) => {
    const served = await servedStore({ opening: { workers } });
    const { api, draft } = await drafting(served);
    const shared = randomBytesOf(1, 6 * MiB);
    const contents = [0, 1, 2, 3].map((number) => Buffer.concat([shared, randomBytesOf(number + 2, 100_000)]));
    await Promise.all(
      contents.map((body, number) =>
        api.call("putFile", { params: { draft }, query: { path: String(number) }, body: new Uint8Array(body) }),
      ),
    );
    const made = await api.call("finishDraft", { params: { draft }, body: {} });
    // A chunk at each end of what they share may be another one.
    expect(made.newBytes).toBeLessThan(6 * MiB + 4 * (100_000 + 256 * 1024));
    const version = await served.store.resolve("sample");
    for (const [number, content] of contents.entries()) {
      expect(Buffer.from(await version.read(String(number))).equals(content)).toBe(true);
    }
    expect(await served.store.verify()).toMatchObject({ ok: true });
  });

  test("one that breaks off takes nothing of the others with it", async () => {
    const served = await servedStore();
    const { api, draft, login } = await drafting(served);
    const shared = randomBytesOf(1, 5 * MiB);
    const gone = new AbortController();
    const slow = slowBody();
    const length = { ...octets, "content-length": String(2 * shared.length) };
    const request = { method: "PUT", token: login, headers: length, duplex: "half", signal: gone.signal };
    const sending = served.ask(`/api/drafts/${draft}/file?path=broken`, { ...request, body: slow.body } as never);
    slow.send(shared);
    await api.call("putFile", { params: { draft }, query: { path: "whole" }, body: shared as Uint8Array<ArrayBuffer> });
    gone.abort(new Error("the caller went away"));
    expect((await sending).status).toBe(499);
    await api.call("finishDraft", { params: { draft }, body: {} });
    const version = await served.store.resolve("sample");
    expect(await pathsOf(version)).toEqual(["whole"]);
    expect(Buffer.from(await version.read("whole")).equals(shared)).toBe(true);
    expect(await served.store.verify()).toMatchObject({ ok: true });
  });

  test("too many are told to wait", async () => {
    const served = await servedStore();
    const { api, draft, login } = await drafting(served);
    const slow = Array.from({ length: 16 }, slowBody);
    const request = { method: "PUT", token: login, headers: { ...octets, "content-length": "1" }, duplex: "half" };
    const sending = slow.map(({ body }, number) =>
      served.ask(`/api/drafts/${draft}/file?path=${number}`, { ...request, body } as never),
    );
    const one = { params: { draft }, query: { path: "x" }, body: bytes("1") };
    await until("all are at work", async () => (await codeOf(api.call("putFile", one))) === "503 BUSY");
    for (const { send, end } of slow) {
      send(bytes("1"));
      end();
    }
    expect((await Promise.all(sending)).map(({ status }) => status)).toEqual(slow.map(() => 200));
    await api.call("putFile", one);
  });
});

describe("a draft that nobody works on", () => {
  /** Takes the lock that nobody else may hold, as whoever removes content does, when it can be had. */
  async function alone(served: ServedStore, action: () => void): Promise<void> {
    const other = await openScratch(served.store.folder);
    await until("the draft rests", () => {
      const release = other.engine.locks.tryExclusive();
      if (release === undefined) return false;
      action();
      release();
      return true;
    });
  }

  test("holds no lock, and goes on with all that it had", async () => {
    const served = await servedStore({ draftRestMs: 0 });
    await uploadFiles(served.store, { kept: "1", gone: "2" });
    const { api, draft } = await drafting(served);
    const big = randomBytesOf(1, 9 * MiB) as Uint8Array<ArrayBuffer>;
    await api.call("putFile", { params: { draft }, query: { path: "big" }, body: big });
    await alone(served, () => {});
    await api.call("putFile", { params: { draft }, query: { path: "same" }, body: big });
    await api.call("putFile", { params: { draft }, query: { path: "small" }, body: bytes("3") });
    await alone(served, () => {});
    await api.call("removeEntries", { params: { draft }, query: { glob: "gone" } });
    // Whoever uploads meanwhile sweeps up what is left over: nothing of the draft's is.
    await alone(served, () => {});
    await uploadFiles(served.store, { a: "1" }, "another");
    const made = await api.call("finishDraft", { params: { draft }, body: {} });
    expect(made).toMatchObject({ version: "V2", files: 4, added: 3, removed: 1 });
    const version = await served.store.resolve("sample");
    for (const name of ["big", "same"]) expect(Buffer.from(await version.read(name)).equals(big)).toBe(true);
    expect(await served.store.verify()).toMatchObject({ ok: true });
  });

  test.each(["its own", "the store's"])("and whose content was removed, %s, is told to begin again", async (whose) => {
    const served = await servedStore({ draftRestMs: 0 });
    const big = randomBytesOf(1, 9 * MiB) as Uint8Array<ArrayBuffer>;
    if (whose === "the store's") await uploadFiles(served.store, { big });
    const { api, draft } = await drafting(served);
    await api.call("putFile", { params: { draft }, query: { path: "another" }, body: big });
    await alone(served, () => {
      const packs = path.join(served.store.folder, "packs");
      if (whose === "its own") rmSync(packs, { recursive: true });
      else served.store.engine.catalog.database.exec("DELETE FROM content_file");
    });
    const file = { params: { draft }, query: { path: "x" }, body: bytes("1") };
    expect(await codeOf(api.call("putFile", file))).toBe("409 CLOSED");
    expect(await codeOf(api.call("finishDraft", { params: { draft }, body: {} }))).toBe("409 CLOSED");
    await api.call("closeDraft", { params: { draft } });
    // Nothing is held on to after it.
    await alone(served, () => {});
  });

  test("that is at work holds the lock", async () => {
    const served = await servedStore({ draftRestMs: 0 });
    const { draft, login } = await drafting(served);
    const slow = slowBody();
    const request = { method: "PUT", token: login, headers: { ...octets, "content-length": "2" }, duplex: "half" };
    const sending = served.ask(`/api/drafts/${draft}/file?path=a`, { ...request, body: slow.body } as never);
    slow.send(bytes("1"));
    const other = await openScratch(served.store.folder);
    await until("the lock is held", () => {
      const release = other.engine.locks.tryExclusive();
      release?.();
      return release === undefined;
    });
    await served.ask("/health");
    expect(other.engine.locks.tryExclusive()).toBeUndefined();
    slow.send(bytes("2"));
    slow.end();
    expect((await sending).status).toBe(200);
    await alone(served, () => {});
  });
});

describe("content of many MiB does not hold up the server:", () => {
  test("it is written and read off the main thread", async () => {
    let counted = new Counted();
    const served = await servedStore({ opening: { fs: countingFileSystem(() => counted) } });
    const { api, draft } = await drafting(served);
    const big = randomBytesOf(1, 70 * MiB) as Uint8Array<ArrayBuffer>;
    counted = new Counted();
    await api.call("putFile", { params: { draft }, query: { path: "big" }, body: big });
    expect(counted.callsOf("write", "read")).toBe(0);
    await api.call("finishDraft", { params: { draft }, body: {} });
    expect(counted.writtenBelow(path.join(served.store.folder, "packs"))).toBeGreaterThan(70 * MiB);
    // The record of the journal, which is short.
    expect(counted.callsOf("write")).toBeLessThan(3);
    counted = new Counted();
    const response = await api.fetch("file", { params: { ...artifact, version: "V1" }, query: { path: "big" } });
    const read = new Uint8Array(await response.arrayBuffer());
    expect(Buffer.from(read).equals(big)).toBe(true);
    // What says where content lies is read at once, a few times.
    expect(counted.callsOf("readLater")).toBeGreaterThan(200);
    expect(counted.callsOf("read")).toBeLessThan(40);
  });

  test("it is cut, hashed and compressed in threads, whoever sends it", async () => {
    const served = await servedStore({ opening: { workers: 2 } });
    const { pool } = served.store.engine;
    const inPlace = vi.spyOn(pool.inPlace, "request");
    const text = Buffer.alloc(9 * MiB, "a line of text that can be compressed\n");
    for (const user of ["tester", "kim"]) {
      const api = served.client(await served.token({ user }));
      const { draft } = await api.call("openDraft", { params: artifact });
      const body = new Uint8Array(Buffer.concat([Buffer.from(user), text]));
      await api.call("putFile", { params: { draft }, query: { path: user }, body });
      expect(inPlace).not.toHaveBeenCalled();
      await api.call("finishDraft", { params: { draft }, body: {} });
    }
    expect(await pathsOf(await served.store.resolve("sample"))).toEqual(["kim", "tester"]);
  });
});

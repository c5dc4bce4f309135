/** Content over HTTP: whole, in ranges, as archives; and that it never runs on our origin. */
import { execFileSync } from "node:child_process";
import { chmodSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { pathOf } from "../../src/client/index.ts";
import { ArtifoldError } from "../../src/errors.ts";
import { remoteError } from "../../src/remote/index.ts";
import { type ServedStore, servedStore } from "../support/apps.ts";
import { Counted, countingFileSystem } from "../support/counting-file-system.ts";
import { randomBytesOf } from "../support/random.ts";
import { readFiles, scratch, uploadFiles, writeFiles } from "../support/stores.ts";

const version = { team: "local", experiment: "uncategorized", type: "dataset", name: "sample", version: "V1" };
const fileAt = (path: string, more: object = {}): string =>
  pathOf("file", { params: version, query: { path, ...more } });
const archiveOf = (format: "zip" | "tar", folder?: string): string =>
  pathOf("archive", { params: version, query: { format, folder } });

let around: ServedStore;

beforeEach(async () => {
  around = await servedStore();
});

describe("a file", () => {
  const content = Buffer.from(randomBytesOf(7, 700_000));

  beforeEach(async () => {
    await uploadFiles(around.store, { "data.bin": content, empty: "", "a b/ü+%&#?.txt": "odd" });
  });

  test("is given whole, with its digest as ETag, as something to save", async () => {
    const response = await around.ask(fileAt("data.bin"));
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
    const entry = await (await around.store.resolve("sample:V1")).entry("data.bin");
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "accept-ranges": "bytes",
      "content-length": "700000",
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="data.bin"; filename*=UTF-8''data.bin`,
      "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
      etag: `"${entry?.digest}"`,
      "x-content-type-options": "nosniff",
    });
  });

  test("that cannot be read is an error with a reason, and nothing of paths of this machine", async () => {
    const { objects, source } = around.store.engine;
    objects.readLater = objects.read = () => {
      throw new ArtifoldError("DAMAGED", "/secret/place is damaged");
    };
    const damaged = await around.ask(fileAt("data.bin"));
    expect([damaged.status, await damaged.json()]).toMatchObject([500, { error: { code: "DAMAGED" } }]);
    source.readLater = source.read = () => {
      throw remoteError("NOT_FOUND", "/secret/place", "there is no such folder");
    };
    const away = await around.ask(fileAt("data.bin"));
    const text = await away.text();
    expect([away.status, JSON.parse(text)]).toMatchObject([500, { error: { code: "UNREACHABLE" } }]);
    expect(text).not.toContain("secret");
    expect(String(around.faults.at(-1))).toContain("/secret/place");
  });

  test("any range is a slice of the whole", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(720_000), fc.option(fc.nat(720_000)), async (first, last) => {
        const response = await around.ask(fileAt("data.bin"), { headers: { range: `bytes=${first}-${last ?? ""}` } });
        if (first >= content.length || (last !== null && last < first)) {
          expect(response.status).toBe(416);
          expect(response.headers.get("content-range")).toBe("bytes */700000");
          return;
        }
        const end = Math.min(last ?? content.length - 1, content.length - 1);
        expect(response.status).toBe(206);
        expect(response.headers.get("content-range")).toBe(`bytes ${first}-${end}/700000`);
        expect(response.headers.get("content-length")).toBe(String(end - first + 1));
        expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(first, end + 1))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("the last bytes of it, more than there are, and ranges that are none", async () => {
    const ranged = async (range: string, of = "data.bin"): Promise<Response> =>
      around.ask(fileAt(of), { headers: { range } });
    const last = await ranged("bytes=-5");
    expect([last.status, Buffer.from(await last.arrayBuffer())]).toEqual([206, Buffer.from(content.subarray(-5))]);
    expect((await ranged("bytes=-800000")).headers.get("content-range")).toBe("bytes 0-699999/700000");
    const none = [
      "bytes=-0",
      "bytes=0-1,3-4",
      "bytes=-",
      "bytes=a-b",
      "lines=0-1",
      "bytes=5-4",
      "bytes=99999999999999999-",
    ];
    for (const range of none) expect((await ranged(range)).status, range).toBe(416);
    expect((await ranged("bytes=0-", "empty")).status).toBe(416);
    expect((await around.ask(fileAt("empty"))).headers.get("content-length")).toBe("0");
  });

  test("what the caller has already is not sent again, and a range of something else is the whole", async () => {
    const { headers } = await around.ask(fileAt("data.bin"), { method: "HEAD" });
    const etag = headers.get("etag") as string;
    const again = await around.ask(fileAt("data.bin"), { headers: { "if-none-match": `"other", W/${etag}` } });
    expect([again.status, again.headers.get("etag"), await again.text()]).toEqual([304, etag, ""]);
    const range = { range: "bytes=0-0" };
    expect((await around.ask(fileAt("data.bin"), { headers: { ...range, "if-range": etag } })).status).toBe(206);
    expect((await around.ask(fileAt("data.bin"), { headers: { ...range, "if-range": '"other"' } })).status).toBe(200);
  });

  test("HEAD tells the same without the content", async () => {
    const get = await around.ask(fileAt("data.bin"));
    const head = await around.ask(fileAt("data.bin"), { method: "HEAD" });
    expect([head.status, [...head.headers]]).toEqual([get.status, [...get.headers]]);
    expect(head.body).toBeNull();
    await get.body?.cancel();
  });

  test("has a path with whatever characters; folders and what is not there are no files", async () => {
    expect(await (await around.ask(fileAt("a b/ü+%&#?.txt"))).text()).toBe("odd");
    for (const none of ["a b", "nothing", "../data.bin", "/data.bin", "data.bin/", "", "a//b", "data.bin\0"]) {
      expect([400, 404], none).toContain((await around.ask(fileAt(none))).status);
    }
    expect(around.faults).toEqual([]);
  });
});

test("a range of a large file costs what holds it: tables can be looked through page by page", async () => {
  let counted = new Counted();
  const { store, ask } = await servedStore({ opening: { fs: countingFileSystem(() => counted) } });
  const row = (number: number): string => `${number},a row of a table that is not small,${number * 7}\n`;
  const table = Buffer.from(Array.from({ length: 400_000 }, (_, number) => row(number)).join(""));
  const noise = Buffer.from(randomBytesOf(3, 20_000_000));
  await uploadFiles(store, { "table.csv": table, "noise.bin": noise });
  for (const [name, content] of [
    ["table.csv", table],
    ["noise.bin", noise],
  ] as const) {
    for (const first of [0, 7_000_000, 7_065_536, content.length - 100]) {
      counted = new Counted();
      const response = await ask(fileAt(name), { headers: { range: `bytes=${first}-${first + 65_535}` } });
      expect(response.status).toBe(206);
      const page = Buffer.from(await response.arrayBuffer());
      expect(page.equals(content.subarray(first, first + 65_536))).toBe(true);
      // A few frames of 256 KiB, and nodes that lead there.
      expect(counted.readBelow(store.folder)).toBeLessThan(1_000_000);
    }
  }
});

describe("what is stored cannot run on our origin", () => {
  const hostile = {
    "page.html": "<script>alert(1)</script>",
    "image.svg": '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "doc.xml": "<?xml-stylesheet href='x'?><a/>",
    "paper.pdf": "%PDF-1.4",
    "page.xhtml": "<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "a.mhtml": "MIME-Version: 1.0",
    constructor: "no ending",
    "evil.toString": "a name of every object",
  };

  test("nothing of it is shown inline, and saved under its own name", async () => {
    await uploadFiles(around.store, hostile);
    for (const name of Object.keys(hostile)) {
      expect((await around.ask(fileAt(name, { inline: true }))).status, name).toBe(415);
      const saved = await around.ask(fileAt(name));
      expect(saved.headers.get("content-type")).toBe("application/octet-stream");
      expect(saved.headers.get("content-disposition")).toMatch(/^attachment; /);
      expect(saved.headers.get("content-security-policy")).toContain("sandbox");
    }
  });

  test("images, sound and text have their type, text that of plain text", async () => {
    await uploadFiles(around.store, {
      "a.PNG": "x",
      "b.jpeg": "x",
      "c.mp4": "x",
      "d.csv": "x",
      "e.js": "x",
      "f.ogg": "x",
    });
    const typeOf = async (name: string): Promise<string | null> => {
      const { headers } = await around.ask(fileAt(name, { inline: true }));
      expect(headers.get("content-disposition")).toBe("inline");
      expect(headers.get("content-security-policy")).toContain("sandbox");
      return headers.get("content-type");
    };
    expect(await Promise.all(["a.PNG", "b.jpeg", "c.mp4", "d.csv", "e.js", "f.ogg"].map(typeOf))).toEqual([
      "image/png",
      "image/jpeg",
      "video/mp4",
      "text/plain; charset=utf-8",
      "text/plain; charset=utf-8",
      "audio/ogg",
    ]);
  });

  test("a name breaks out of no header", async () => {
    const names = ['a";b.txt', "c\r\nx: y.txt", "한국어 ‮txt.exe", "d\\e.txt", "'()*%41.txt"];
    await uploadFiles(around.store, Object.fromEntries(names.map((name) => [name, name])));
    for (const name of names) {
      const response = await around.ask(fileAt(name));
      expect(await response.text()).toBe(name);
      const header = response.headers.get("content-disposition") as string;
      expect(header).toMatch(/^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''[\w.~!%-]+$/);
      expect(decodeURIComponent(header.split("''")[1] as string)).toBe(name);
    }
  });
});

describe("a folder as an archive", () => {
  const files = {
    "README.md": "read me",
    empty: "",
    "cat/1.jpg": randomBytesOf(1, 300_000),
    "cat/deep/고양이 <b>.txt": "야옹",
    "cat/deep/nothing/": "",
    [`cat/${"n".repeat(120)}/${"m".repeat(120)}.txt`]: "long",
  };

  async function upload(): Promise<void> {
    const folder = writeFiles(scratch(), files);
    writeFileSync(path.join(folder, "tool"), "#!/bin/sh\n");
    chmodSync(path.join(folder, "tool"), 0o755);
    symlinkSync("README.md", path.join(folder, "link"));
    await using draft = await around.store.artifact({ name: "sample", type: "dataset" });
    await draft.add(folder);
    await draft.addReference("https://example.com/big", { as: "elsewhere" });
    await draft.upload();
  }

  async function unpacked(format: "zip" | "tar", folder?: string): Promise<string> {
    const response = await around.ask(archiveOf(format, folder));
    expect(response.status).toBe(200);
    const [file, target] = [path.join(scratch(), `archive.${format}`), scratch()];
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    if (format === "zip")
      execFileSync("unzip", ["-q", file, "-d", target], { env: { ...process.env, LC_ALL: "C.UTF-8" } });
    else execFileSync("tar", ["xf", file, "-C", target]);
    return target;
  }

  const whole = Object.fromEntries(
    Object.entries(files).map(([name, content]) => [name, Buffer.from(content).toString("latin1")]),
  );

  test.each(["zip", "tar"] as const)("%s: other programs unpack it to what the version has", async (format) => {
    await upload();
    const target = await unpacked(format);
    expect(readlinkSync(path.join(target, "link"))).toBe("README.md");
    expect(readFiles(target)).toEqual({ ...whole, tool: "#!/bin/sh\n", link: "read me" });
    expect(statSync(path.join(target, "tool")).mode & 0o111).not.toBe(0);
    expect(statSync(path.join(target, "README.md")).mode & 0o111).toBe(0);
  });

  test.each(["zip", "tar"] as const)("%s: of one folder, with names from there", async (format) => {
    await upload();
    const target = await unpacked(format, "cat/deep");
    expect(readFiles(target)).toEqual({ "고양이 <b>.txt": Buffer.from("야옹").toString("latin1"), "nothing/": "" });
    const { headers } = await around.ask(archiveOf(format, "cat/deep"));
    expect(headers.get("content-disposition")).toContain(`filename="sample-V1-deep.${format}"`);
  });

  test("of what is no folder there is none", async () => {
    await upload();
    for (const none of ["nothing", "README.md", "ca"]) {
      expect((await around.ask(archiveOf("tar", none))).status).toBe(404);
    }
    expect((await around.ask(archiveOf("tar", "cat/deep/nothing"))).status).toBe(200);
  });

  test("what is damaged breaks the stream, and is no whole archive", async () => {
    await upload();
    const { objects } = around.store.engine;
    const { read } = objects;
    objects.read = ((given: string, kind: "chunk") => {
      const bytes = read.call(objects, given as never, kind);
      return kind === "chunk" && bytes.length > 10_000 ? new Uint8Array(bytes.length) : bytes;
    }) as typeof read;
    for (const format of ["zip", "tar"] as const) {
      await expect((await around.ask(archiveOf(format))).arrayBuffer()).rejects.toThrow();
    }
  });
});

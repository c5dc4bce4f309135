import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { isArtifoldError } from "../../src/errors.ts";
import { defaultWorkerCount, PooledWorker, serveRequests } from "../../src/platform/index.ts";
import { bundleScript } from "../support/bundle.ts";
import { temporaryFolder } from "../support/temporary.ts";

type Wish =
  | { readonly op: "echo"; readonly value: unknown }
  | { readonly op: "later"; readonly ms: number; readonly value: unknown }
  | { readonly op: "turned" }
  | { readonly op: "ours" | "system" | "plain" | "exit" | "crash" | "uncloneable" };

const workerSource = `
import { ArtifoldError } from "#src/errors.ts";
import { serveRequests } from "#src/platform/index.ts";
let hasTurned = false;
serveRequests(async (wish: any) => {
  switch (wish.op) {
    case "turned": {
      setImmediate(() => { hasTurned = true; });
      return { value: hasTurned };
    }
    case "echo": return { value: wish.value, transfer: wish.value instanceof ArrayBuffer ? [wish.value] : [] };
    case "later":
      await new Promise((resolve) => setTimeout(resolve, wish.ms));
      return { value: wish.value };
    case "ours":
      throw new ArtifoldError("NO_SPACE", "no room", { hint: "Make room.", happened: "unknown", info: { path: "a" } });
    case "system": throw Object.assign(new Error("EACCES: no"), { code: "EACCES", path: "/x" });
    case "plain": throw new RangeError("out of range");
    case "exit": process.exit(3);
    case "crash":
      setTimeout(() => { throw new Error("crashed"); }, 0);
      return new Promise(() => {});
    case "uncloneable": return { value: () => {} };
  }
});
`;

let script: URL;
const workers: PooledWorker[] = [];

function start(): PooledWorker {
  const worker = new PooledWorker(script);
  workers.push(worker);
  return worker;
}

const ask = <Answer>(worker: PooledWorker, wish: Wish): Promise<Answer> => worker.request<Answer>(wish);

let source: string;
beforeAll(async () => {
  const { readFileSync } = await import("node:fs");
  source = readFileSync(await bundleScript(workerSource), "utf8");
  script = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.end();
});

describe("a pooled worker", () => {
  test("lets its event loop turn between requests that wait: only then memory of addons is given back", async () => {
    const worker = start();
    const asked = Array.from({ length: 3 }, () => ask<boolean>(worker, { op: "turned" }));
    expect(await Promise.all(asked)).toEqual([false, true, true]);
  });

  test("answers requests in the order in which they were made, however long each takes", async () => {
    const worker = start();
    const answers: unknown[] = [];
    const wishes: Wish[] = [
      { op: "later", ms: 30, value: 1 },
      { op: "later", ms: 0, value: 2 },
      { op: "echo", value: 3 },
    ];
    const all = wishes.map((wish) => ask(worker, wish).then((answer) => answers.push(answer)));
    expect(worker.load).toBe(3);
    await Promise.all(all);
    expect(answers).toEqual([1, 2, 3]);
    expect(worker.load).toBe(0);
  });

  test("moves what is transferred, there and back", async () => {
    const bytes = Uint8Array.of(1, 2, 3).buffer;
    const answer = start().request<ArrayBuffer>({ op: "echo", value: bytes }, [bytes]);
    expect(bytes.byteLength).toBe(0);
    expect(new Uint8Array(await answer)).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("errors of artifold cross with all they say", async () => {
    const error = await ask(start(), { op: "ours" }).catch((thrown: unknown) => thrown);
    expect(isArtifoldError(error, "NO_SPACE")).toBe(true);
    expect(error).toMatchObject({ message: "no room", hint: "Make room.", happened: "unknown", info: { path: "a" } });
  });

  test("system errors keep their code, others their message, and the thread goes on", async () => {
    const worker = start();
    await expect(ask(worker, { op: "system" })).rejects.toMatchObject({ code: "EACCES", message: "EACCES: no" });
    await expect(ask(worker, { op: "plain" })).rejects.toThrow("out of range");
    await expect(ask(worker, { op: "uncloneable" })).rejects.toThrow(/could not be cloned/);
    expect(await ask(worker, { op: "echo", value: "still there" })).toBe("still there");
  });

  test.each(["exit", "crash"] as const)(
    "a thread that dies (%s) rejects what waits and what comes later",
    async (op) => {
      const worker = start();
      const waiting = [ask(worker, { op }), ask(worker, { op: "echo", value: 1 })];
      for (const settled of await Promise.allSettled(waiting)) expect(settled.status).toBe("rejected");
      expect(worker.load).toBe(0);
      await expect(ask(worker, { op: "echo", value: 1 })).rejects.toThrow();
    },
  );

  test("an ended thread rejects what waits and what comes later", async () => {
    const worker = start();
    const waiting = expect(ask(worker, { op: "later", ms: 60_000, value: 1 })).rejects.toThrow(/ended/);
    await worker.end();
    await waiting;
    await expect(ask(worker, { op: "echo", value: 1 })).rejects.toThrow(/ended/);
  });
});

test("an idle thread does not keep the process alive, a request that is awaited does", async () => {
  const main = await bundleScript(`
    import { PooledWorker } from "#src/platform/index.ts";
    const worker = new PooledWorker(new URL(process.argv[2] as string));
    console.log(await worker.request({ op: "later", ms: 50, value: "answered" }));
  `);
  const file = path.join(temporaryFolder(), "worker.mjs");
  writeFileSync(file, source);
  const printed = execFileSync(process.execPath, [main, pathToFileURL(file).href], {
    encoding: "utf8",
    timeout: 30_000,
  });
  expect(printed).toBe("answered\n");
});

test("serving requests is for worker threads only", () => {
  expect(() => serveRequests(async () => ({ value: 1 }))).toThrow(/worker threads/);
});

test("there is at least one thread by default, and not more than pays", () => {
  expect(defaultWorkerCount()).toBeGreaterThanOrEqual(1);
  expect(defaultWorkerCount()).toBeLessThanOrEqual(8);
});

/** What happens in a store is heard of over HTTP, whoever makes it happen. */
import { describe, expect, test } from "vitest";
import { OPERATION_HEADER, type OperationView } from "../../src/client/index.ts";
import { type ServedStore, servedStore } from "../support/apps.ts";
import { command } from "../support/command.ts";
import { plant, temporaryFolder } from "../support/folders.ts";
import { openScratch, scratch, until, uploadFiles } from "../support/stores.ts";

interface Listener {
  readonly heard: string[];
  readonly numbers: number[];
  stop(): void;
  readonly ended: Promise<void>;
}

/** Listens as a page does. */
function listen({ client }: ServedStore, options: { token?: string; after?: number } = {}): Listener {
  const [heard, numbers]: [string[], number[]] = [[], []];
  const gone = new AbortController();
  const { token, after } = options;
  const events = client(token).events({ signal: gone.signal, ...(after !== undefined && { after }) });
  const run = async (): Promise<void> => {
    for await (const event of events) {
      heard.push(event === null ? "reset" : told(event));
      if (event !== null) numbers.push(event.operation);
    }
  };
  const ended = run().catch((error: unknown) => {
    if (!gone.signal.aborted) throw error;
  });
  return { heard, numbers, stop: () => gone.abort(), ended };
}

function told({ by, changes }: OperationView): string {
  const parts = changes.map(({ kind, artifact, version, tag, run }) =>
    [kind, artifact?.name, version, tag, run?.name].filter((part) => part != null).join(" "),
  );
  return `${by}: ${parts.join(", ")}`;
}

/** Long enough for the listener to be there: what comes from then on is heard. */
async function listening(around: ServedStore, ...listeners: Listener[]): Promise<void> {
  await until("all listen", async () => {
    await (await around.store.resolve("sample:V1")).tag(`t${Math.random().toString(36).slice(2)}`);
    return listeners.every(({ heard }) => heard.length > 0);
  });
  for (const { heard, numbers } of listeners) heard.length = numbers.length = 0;
}

describe("a page that listens", () => {
  test("from where an answer says that it goes to, hears what is not in it", async () => {
    const around = await servedStore();
    const operationOf = async (path: string): Promise<number> =>
      Number((await around.ask(path)).headers.get(OPERATION_HEADER) ?? Number.NaN);
    expect(await operationOf("/api/artifacts")).toBe(0);
    const version = await uploadFiles(around.store, { a: "1" });
    const after = await operationOf("/api/artifacts");
    expect(await operationOf("/api/session")).toBe(after);
    const other = await openScratch(around.store.folder, { user: "kim" });
    await (await other.resolve("sample:V1")).tag("prod");
    await version.tag("best");
    const page = listen(around, { after });
    await until("both are heard", () => page.heard.length === 2);
    expect(page.heard).toEqual(["kim: tag sample V1 prod", "tester: tag sample V1 best"]);
    expect(await operationOf("/api/log")).toBe(page.numbers.at(-1));
    expect((await around.ask("/api/artifacts/no/such")).headers.has(OPERATION_HEADER)).toBe(false);
    page.stop();
    await page.ended;
  });

  test("hears of versions of this process, of another handle and of another process, and of tags and runs", async () => {
    const folder = scratch();
    const store = await openScratch(folder);
    const around = await servedStore({ store });
    await uploadFiles(store, { a: "1" });
    const page = listen(around);
    await listening(around, page);
    const other = await openScratch(folder, { user: "kim" });
    const version = await uploadFiles(other, { a: "2" });
    await version.tag("prod");
    await other.startRun({ name: "first" });
    const data = temporaryFolder();
    plant(data, { b: "3" });
    await command(folder, ["upload", data, "--name", "sample", "--type", "dataset"]);
    await until("all is heard of", () => page.heard.some((each) => each.includes("V3")));
    const fresh = page.heard.filter((each) => !/ t\w{6,}$/.test(each));
    expect(fresh.slice(0, 3)).toEqual(["kim: version sample V2", "kim: tag sample V2 prod", "kim: run first"]);
    expect(fresh[3]).toMatch(/: version sample V3$/);
    page.stop();
    await page.ended;
  });

  test("gets what it missed, from the number that it heard last; too much of it is a reset", async () => {
    const around = await servedStore();
    const version = await uploadFiles(around.store, { a: "1" });
    const first = await version.tag("one");
    for (const tag of ["two", "three"]) await version.tag(tag);
    const page = listen(around, { after: first as number });
    await until("what was missed is heard of", () => page.heard.length >= 2);
    expect(page.heard).toEqual(["tester: tag sample V1 two", "tester: tag sample V1 three"]);
    for (let at = 0; at < 500; at++) await version.tag(`tag${at}`);
    const late = listen(around, { after: first as number });
    await until("it is told to begin anew", () => late.heard.length > 0);
    expect(late.heard).toEqual(["reset"]);
    page.stop();
    late.stop();
  });

  test("hears nothing of teams that it does not see", async () => {
    const around = await servedStore();
    await uploadFiles(around.store, { a: "1" });
    const [own, other] = [
      listen(around, { token: await around.token({ team: "local" }) }),
      listen(around, { token: await around.token({ team: "others" }), after: 0 }),
    ];
    await listening(around, own);
    const draft = await around.store.artifact({ team: "others", name: "theirs", type: "dataset" });
    await draft.add(Buffer.from("1"), { as: "a" });
    await draft.upload();
    await around.store.startRun({ team: "others", name: "hidden" });
    const run = await around.store.startRun({ team: "others", experiment: "e", name: "uses" });
    await (await run.getArtifact({ name: "sample", team: "local", experiment: "uncategorized" })).read("a");
    await (await around.store.resolve("sample:V1")).tag("last");
    await until("what is its own is heard of", () => own.heard.some((each) => each.endsWith("last")));
    await until("the others hear of theirs", () => other.heard.length >= 3);
    expect(own.heard.join()).not.toMatch(/theirs|hidden|uses/);
    expect(other.heard.join()).not.toMatch(/sample/);
    own.stop();
    other.stop();
  });

  test("hears no more once its token is revoked, or the store is no longer open to it", async () => {
    const around = await servedStore();
    await uploadFiles(around.store, { a: "1" });
    const { token, facts } = await around.app.tokens.create({ user: "kim", scope: "read" });
    const page = listen(around, { token });
    await listening(around, page);
    await around.app.tokens.revoke(facts.id);
    await (await around.store.resolve("sample:V1")).tag("secret");
    await page.ended;
    expect(page.heard.join()).not.toContain("secret");
  });

  test("that goes away leaves nothing behind, and the end of the server ends all", async () => {
    const around = await servedStore();
    await uploadFiles(around.store, { a: "1" });
    for (let at = 0; at < 300; at++) expect((await around.ask("/api/events", { method: "HEAD" })).body).toBeNull();
    const streams = await Promise.all(Array.from({ length: 257 }, () => around.ask("/api/events")));
    expect(streams.map(({ status }) => status).filter((status) => status !== 200)).toEqual([429]);
    for (const { body } of streams) await body?.cancel();
    const page = listen(around);
    await listening(around, page);
    await around.app.close();
    await page.ended;
  });
});

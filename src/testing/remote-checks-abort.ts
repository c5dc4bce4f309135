import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { bytesOf, equal, keys, type PairCheck, rejection, text } from "./remote-checks-support.ts";

async function list(remote: Remote, options?: RemoteCallOptions): Promise<void> {
  for await (const _ of remote.list("", undefined, options)) {
    // Only that it is given counts.
  }
}

const calls = (remote: Remote, options?: RemoteCallOptions): readonly (readonly [string, () => Promise<unknown>])[] => [
  ["read", () => remote.read("a/0", undefined, options)],
  ["create", () => remote.create("a/1", text("1"), options)],
  ["list", () => list(remote, options)],
  ["delete", () => remote.delete("a/0", options)],
];

/** What aborting must do. */
export const abortChecks: readonly PairCheck[] = [
  {
    name: "a signal that was aborted ends a call with its reason and changes nothing",
    async check(remote, other) {
      await remote.create("a/0", text("0"));
      const reason = new Error("enough");
      for (const [what, call] of calls(remote, { signal: AbortSignal.abort(reason) }))
        equal((await rejection(call, what)) === reason, true, `${what} rejects with the reason`);
      equal(await keys(other, ""), "a/0:1", "list");
    },
  },
  {
    name: "a signal that is aborted during a call ends it with its reason, and later calls work",
    async check(remote, other) {
      const large = bytesOf(8 * 1024 * 1024);
      await remote.create("a/0", large);
      const reason = new Error("enough");
      for (const what of ["requests", "sent", "received"]) {
        for (const [name, run] of [
          ["read", (options: RemoteCallOptions) => remote.read("a/0", undefined, options)],
          ["create", (options: RemoteCallOptions) => remote.create("a/1", large, options)],
          ["list", (options: RemoteCallOptions) => list(remote, options)],
        ] as const) {
          const ended = new AbortController();
          let heard = 0;
          const call = run({
            signal: ended.signal,
            onTraffic: (moved) => {
              if (moved === what && ++heard === 1) ended.abort(reason);
            },
          });
          const result = await call.catch((error: unknown) => error);
          // A call that was already as good as done may end well.
          if (result instanceof Error) equal(result === reason, true, `${name} rejects with the reason`);
          const seen = await other.read("a/1");
          if (seen !== undefined) equal(seen, large, `what ${name} left`);
          await other.delete("a/1");
        }
      }
      equal(await other.read("a/0"), large, "read after it");
      equal(await remote.read("a/0"), large, "read after it, on the same connection");
    },
  },
  {
    name: "traffic is told: requests, and every byte of a body",
    async check(remote) {
      const heard = { requests: 0, sent: 0, received: 0 };
      const onTraffic: RemoteCallOptions["onTraffic"] = (what, count) => {
        heard[what] += count;
      };
      const bytes = bytesOf(100_000);
      await remote.create("a/0", bytes, { onTraffic });
      equal(heard.requests >= 1 && heard.sent >= bytes.length, true, "those of a create");
      await remote.read("a/0", undefined, { onTraffic });
      equal(heard.requests >= 2 && heard.received >= bytes.length, true, "those of a read");
      const before = heard.requests;
      await list(remote, { onTraffic });
      await remote.delete("a/0", { onTraffic });
      equal(heard.requests >= before + 2, true, "those of a list and a delete");
    },
  },
  {
    name: "what holds the traffic back holds the call back",
    async check(remote) {
      let isDone = false;
      let free = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        free = resolve;
      });
      const done = remote.create("a/0", bytesOf(1024), { onTraffic: () => held }).finally(() => {
        isDone = true;
      });
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
      const wasDone = isDone;
      free();
      equal(await done, "created", "create");
      equal(wasDone, false, "done while held back");
    },
  },
  {
    name: "a closed remote refuses every call, and closing it again is no error",
    async check(remote, other) {
      await remote.create("a/0", text("0"));
      await remote.close();
      await remote.close();
      for (const [what, call] of calls(remote))
        equal((await rejection(call, what)) instanceof TypeError, true, `${what} is a TypeError`);
      equal(await keys(other, ""), "a/0:1", "list by another");
    },
  },
];

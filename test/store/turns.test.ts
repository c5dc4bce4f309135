/** Calls that go alone wait for all before them, and all after wait for them; others go beside each other. */
import { expect, test } from "vitest";
import { Turns } from "../../src/store/turns.ts";

/** Calls that end when they are told to. */
function calls(): {
  begun: string[];
  call(name: string): () => Promise<string>;
  end(name: string, error?: Error): void;
} {
  const begun: string[] = [];
  const told = new Map<string, Error | undefined>();
  const waiting = new Map<string, () => void>();
  return {
    begun,
    call: (name) => async () => {
      begun.push(name);
      if (!told.has(name)) await new Promise<void>((resolve) => waiting.set(name, resolve));
      const error = told.get(name);
      if (error !== undefined) throw error;
      return name;
    },
    end: (name, error) => {
      told.set(name, error);
      waiting.get(name)?.();
    },
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("those beside each other are at work at once; who goes alone waits for them, and they for him", async () => {
  const turns = new Turns();
  const { begun, call, end } = calls();
  turns.beside("a", call("a"));
  turns.beside("b", call("b"));
  turns.alone(call("alone"));
  turns.beside("c", call("c"));
  await settled();
  expect(begun).toEqual(["a", "b"]);
  end("b");
  await settled();
  expect(begun).toEqual(["a", "b"]);
  end("a");
  await settled();
  expect(begun).toEqual(["a", "b", "alone"]);
  end("alone");
  await settled();
  expect(begun).toEqual(["a", "b", "alone", "c"]);
});

test("those with the same key go one after another, whatever became of the one before", async () => {
  const turns = new Turns();
  const { begun, call, end } = calls();
  const first = turns.beside("a", call("first"));
  const second = turns.beside("a", call("second"));
  await settled();
  expect(begun).toEqual(["first"]);
  end("first", new Error("no"));
  await expect(first).rejects.toThrow("no");
  await settled();
  expect(begun).toEqual(["first", "second"]);
  end("second");
  expect(await second).toBe("second");
});

test("a failure is its own caller's, and nobody else's", async () => {
  const turns = new Turns();
  const { call, end } = calls();
  end("fails", new Error("no"));
  end("goes on");
  const failing = turns.alone(call("fails"));
  const next = turns.alone(call("goes on"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("goes on");
});

/** A file system that counts: calls by their names, and bytes by the paths that they come from and go to. */
import { type FileSystem, nodeFileSystem } from "../../src/platform/index.ts";

/** What was counted. */
export class Counted {
  readonly calls = new Map<string, number>();
  readonly #read = new Map<string, number>();
  readonly #written = new Map<string, number>();

  /** Calls of these names, or all. */
  callsOf(...names: readonly string[]): number {
    let sum = 0;
    for (const [name, count] of this.calls) if (names.length === 0 || names.includes(name)) sum += count;
    return sum;
  }

  /** Bytes read from files whose path begins so. */
  readBelow(start: string): number {
    return sumBelow(this.#read, start);
  }

  writtenBelow(start: string): number {
    return sumBelow(this.#written, start);
  }

  addCall(name: string): void {
    add(this.calls, name, 1);
  }

  addBytes(name: string, path: string, bytes: number): void {
    add(name.startsWith("read") ? this.#read : this.#written, path, bytes);
  }
}

/** The real file system, counted. @param counted asked for at each call, so that it can be exchanged between steps */
export function countingFileSystem(counted: () => Counted): FileSystem {
  const paths = new Map<number, string>();
  const wrap = (name: keyof FileSystem, call: (...args: unknown[]) => unknown) => {
    return (...args: unknown[]): unknown => {
      counted().addCall(name);
      const result = call(...args);
      if (name === "open") paths.set(result as number, args[0] as string);
      if (!/^(read|write)(Later|ManyLater)?$/.test(name)) return result;
      const path = paths.get(args[0] as number) ?? "";
      const note = (bytes: number): number => {
        counted().addBytes(name, path, bytes);
        return bytes;
      };
      return typeof result === "number" ? note(result) : (result as Promise<number>).then(note);
    };
  };
  const methods = Object.entries(nodeFileSystem).map(([name, member]) => [
    name,
    typeof member === "function" ? wrap(name as keyof FileSystem, member as (...args: unknown[]) => unknown) : member,
  ]);
  return Object.fromEntries(methods) as FileSystem;
}

function add(map: Map<string, number>, key: string, amount: number): void {
  map.set(key, (map.get(key) ?? 0) + amount);
}

function sumBelow(map: ReadonlyMap<string, number>, start: string): number {
  let sum = 0;
  for (const [path, bytes] of map) if (path.startsWith(start)) sum += bytes;
  return sum;
}

/** A long list of which only the parts that somebody looked at are here. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { AGAIN_MS, mayPass } from "./load.ts";

/** A part of the list, as the server gives it. A total of null is still being counted. */
export interface Part<T> {
  readonly items: readonly T[];
  readonly offset: number;
  readonly total: number | null;
  readonly more?: boolean;
}

/** The list as far as it is known. */
export interface Sparse<T> {
  /** How many there are; while it is being counted at least those that are known. `undefined` until something came. */
  readonly count: number | undefined;
  readonly isCounting: boolean;
  readonly error: Error | undefined;
  /** An item; `undefined` while it is not here. */
  readonly at: (index: number) => T | undefined;
  /** Asks for a range of items. */
  readonly want: (first: number, last: number) => void;
}

interface Store<T> {
  readonly key: string;
  readonly items: Map<number, T>;
  readonly asked: Set<number>;
  readonly controller: AbortController;
  count: number | undefined;
  isCounting: boolean;
  error: Error | undefined;
  shown: readonly [number, number];
}

/** Items asked for at once: some more than are seen. What folders hold is added up for each, so more would be waited for. */
export const PART = 32;
const COUNTING_MS = 400;
/** Parts kept: beyond, those far from the view are let go, but for the first, where lists are entered. */
const KEPT_MAX = 100;

/** The list of a key; another key is another list. When `revision` changes, what is seen is asked for again. */
export function useSparse<T>(
  key: string,
  load: (offset: number, limit: number, signal: AbortSignal) => Promise<Part<T>>,
  revision: unknown = 0,
): Sparse<T> {
  const [, draw] = useState(0);
  const store = useStore<T>(key);
  const loading = useRef(load);
  loading.current = load;

  const ask = (own: Store<T>, part: number): void => {
    if (own.asked.has(part)) return;
    own.asked.add(part);
    loading.current(part * PART, PART, own.controller.signal).then(
      (got) => {
        take(own, got, part);
        if (own === store.current) draw((at) => at + 1);
      },
      (reason) => {
        if (own.controller.signal.aborted) return;
        // What is here stays while it is asked for once more.
        if (own.count !== undefined && mayPass(reason)) setTimeout(() => askAgain(own, part), AGAIN_MS);
        else {
          own.asked.delete(part);
          own.error = reason instanceof Error ? reason : new Error(String(reason));
          draw((at) => at + 1);
        }
      },
    );
  };
  const askAgain = (own: Store<T>, part: number): void => {
    own.asked.delete(part);
    if (own === store.current) ask(own, part);
  };
  const want = (first: number, last: number): void => {
    const own = store.current;
    if (own.key === "") return;
    own.shown = [first, last];
    for (let part = Math.floor(first / PART); part <= Math.floor(Math.max(first, last) / PART); part++) ask(own, part);
    forgetFar(own);
  };

  const isFirst = useRef(true);
  // Before the page is painted, as in useLoad.
  useLayoutEffect(() => {
    const own = store.current;
    if (isFirst.current) isFirst.current = false;
    else own.asked.clear();
    want(...own.shown);
  }, [key, revision]);
  useEffect(() => {
    if (!store.current.isCounting) return;
    const timer = setInterval(() => askAgain(store.current, 0), COUNTING_MS);
    return () => clearInterval(timer);
  }, [key, store.current.isCounting]);

  const { items, count, isCounting, error } = store.current;
  return { count, isCounting, error, at: (index) => items.get(index), want };
}

/** What is here of the list of a key. What is under way for another one is given up. */
function useStore<T>(key: string): { current: Store<T> } {
  const store = useRef<Store<T>>(empty(""));
  if (store.current.key !== key) {
    store.current.controller.abort();
    store.current = empty(key);
  }
  useEffect(() => () => store.current.controller.abort(), []);
  return store;
}

function empty<T>(key: string): Store<T> {
  const controller = new AbortController();
  return {
    ...{ key, controller, items: new Map(), asked: new Set() },
    ...{ count: undefined, isCounting: false, error: undefined, shown: [0, 0] as const },
  };
}

function take<T>(store: Store<T>, { items, offset, total, more }: Part<T>, part: number): void {
  store.error = undefined;
  for (const [at, item] of items.entries()) store.items.set(offset + at, item);
  const end = offset + items.length;
  // Fewer than before: what stood behind them is gone.
  for (let at = end; at < (part + 1) * PART; at++) store.items.delete(at);
  store.isCounting = total === null;
  store.count = total ?? Math.max(store.count ?? 0, more === true ? end + 1 : end);
}

function forgetFar<T>(store: Store<T>): void {
  if (store.asked.size <= KEPT_MAX) return;
  const [first, last] = store.shown.map((index) => Math.floor(index / PART)) as [number, number];
  for (const part of store.asked) {
    if (part === 0 || (part >= first - 2 && part <= last + 2)) continue;
    store.asked.delete(part);
    for (let at = part * PART; at < (part + 1) * PART; at++) store.items.delete(at);
  }
}

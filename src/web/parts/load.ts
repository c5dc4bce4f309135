/** What a page asks for, while it comes, when it is there, and when it fails. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** The state of something that is asked for. While it is asked for again, the old value stays. */
export interface Loaded<T> {
  readonly value?: T;
  readonly error?: Error;
  readonly isLoading: boolean;
}

const KEPT_MAX = 200;
const kept = new Map<string, unknown>();

/**
 * Asks for something whenever `key` changes, and again when `revision` does. What was there for a key is shown at once when
 * the reader comes back to it, while it is asked for again. An empty key asks for nothing.
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, revision: unknown = 0): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { readonly key: string }>({ key: "", isLoading: false });
  const latest = useRef(load);
  latest.current = load;

  // Before the page is painted: what is asked for comes a frame earlier.
  useLayoutEffect(() => {
    if (key === "") return;
    const controller = new AbortController();
    latest.current(controller.signal).then(
      (value) => {
        if (controller.signal.aborted) return;
        keep(key, value);
        setState({ key, value, isLoading: false });
      },
      (reason) => {
        if (controller.signal.aborted) return;
        kept.delete(key);
        setState({ key, error: reason instanceof Error ? reason : new Error(String(reason)), isLoading: false });
      },
    );
    return () => controller.abort();
  }, [key, revision]);

  if (state.key === key) return state;
  return kept.has(key) ? { value: kept.get(key) as T, isLoading: true } : { isLoading: key !== "" };
}

/** Forgets all that was kept: for another session, which may see other things. */
export function forgetLoaded(): void {
  kept.clear();
}

function keep(key: string, value: unknown): void {
  kept.delete(key);
  kept.set(key, value);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
}

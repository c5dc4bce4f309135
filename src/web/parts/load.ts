/** What a page asks for, while it comes, when it is there, and when it fails. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../../client/index.ts";

/** The state of something that is asked for. While it is asked for again, the old value stays. */
export interface Loaded<T> {
  /** Is there once it came, `undefined` as well. */
  readonly value?: T;
  readonly error?: Error;
  readonly isLoading: boolean;
}

const KEPT_MAX = 200;
/** How long to wait after a failure that may pass. */
export const AGAIN_MS = 2000;
const kept = new Map<string, unknown>();

/**
 * Asks for something whenever `key` changes, and again when `revision` does. What was there for a key is shown at once when
 * the reader comes back to it, while it is asked for again. An empty key asks for nothing. Where asking again fails in a way
 * that may pass, the old value stays, with all that somebody has opened or begun on it, and it is asked for once more.
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, revision: unknown = 0): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { readonly key: string }>({ key: "", isLoading: false });
  const [attempt, setAttempt] = useState(0);
  /** What there is a value for. */
  const shown = useRef("");
  const latest = useRef(load);
  latest.current = load;

  // Before the page is painted: what is asked for comes a frame earlier.
  useLayoutEffect(() => {
    if (key === "") return;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (kept.has(key)) shown.current = key;
    latest.current(controller.signal).then(
      (value) => {
        if (controller.signal.aborted) return;
        keep(key, value);
        shown.current = key;
        setState({ key, value, isLoading: false });
      },
      (reason) => {
        if (controller.signal.aborted) return;
        if (shown.current === key && mayPass(reason)) {
          timer = setTimeout(() => setAttempt((count) => count + 1), AGAIN_MS);
          return;
        }
        kept.delete(key);
        shown.current = "";
        setState({ key, error: reason instanceof Error ? reason : new Error(String(reason)), isLoading: false });
      },
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, revision, attempt]);

  if (state.key === key) return state;
  return kept.has(key) ? { value: kept.get(key) as T, isLoading: true } : { isLoading: key !== "" };
}

/** Whether a failure says nothing of what was asked for: no answer, or one of a server that is busy or in trouble. */
export function mayPass(reason: unknown): boolean {
  return !(reason instanceof ApiError) || reason.status === 429 || reason.status >= 500;
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

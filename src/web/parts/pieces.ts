/** A list that is gone through from its beginning, a piece at a time. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Piece } from "../../client/index.ts";

/** What is here of it. */
export interface Pieces<T> {
  readonly items: readonly T[];
  readonly isDone: boolean;
  readonly error: Error | undefined;
  /** Asks for the next piece, unless it is being asked for. */
  readonly more: () => void;
}

interface State<T> extends Omit<Pieces<T>, "more"> {
  readonly key: string;
  readonly next: string | null | undefined;
}

/** The list of a key: its first piece comes by itself. */
export function usePieces<T>(
  key: string,
  load: (after: string | undefined, signal: AbortSignal) => Promise<Piece<T>>,
  revision: unknown = 0,
): Pieces<T> {
  const start: State<T> = { key, items: [], isDone: false, error: undefined, next: undefined };
  const [kept, setState] = useState(start);
  const state = kept.key === key ? kept : start;
  const asking = useRef<AbortController>(undefined);
  const loading = useRef(load);
  loading.current = load;

  const ask = (from: State<T>): void => {
    const controller = new AbortController();
    asking.current = controller;
    loading.current(from.next ?? undefined, controller.signal).then(
      (piece) => {
        if (controller.signal.aborted) return;
        asking.current = undefined;
        const items = [...from.items, ...piece.items];
        setState({ key, items, isDone: piece.next === null, error: undefined, next: piece.next });
      },
      (reason) => {
        if (controller.signal.aborted) return;
        asking.current = undefined;
        setState({ ...from, isDone: true, error: reason instanceof Error ? reason : new Error(String(reason)) });
      },
    );
  };
  useEffect(() => {
    if (key !== "") ask(start);
    return () => {
      asking.current?.abort();
      asking.current = undefined;
    };
  }, [key, revision]);
  const more = (): void => {
    if (asking.current === undefined && !state.isDone && key !== "") ask(state);
  };
  return { items: state.items, isDone: state.isDone, error: state.error, more };
}

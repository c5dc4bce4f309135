/** Reads content window by window, several at once: while one is looked at, the next are read, cut and hashed. */
import { throwIfAborted } from "../errors.ts";
import type { ContentPort } from "./content-pool.ts";
import type { ChunkColumns, WindowHashed } from "./read-request.ts";
import type { Cut, WindowedContent } from "./windowed-content.ts";
import type { Window, Windows } from "./windows.ts";

/** A window whose content is cut and hashed. */
export interface WindowInWork {
  readonly window: Window;
  readonly chunks: ChunkColumns;
  /** How many bytes they are. */
  readonly length: number;
}

/** How many windows are cut or hashed while one is looked at. */
const WINDOWS_AHEAD = 2;

/**
 * The windows of content, in order. Each belongs to whoever asked for it. Where one begins is known when the one before is cut:
 * they are cut one after another, and hashed side by side.
 */
export async function* readWindows(
  source: WindowedContent,
  windows: Windows,
  nextPort: () => ContentPort,
  signal: AbortSignal | undefined,
): AsyncGenerator<WindowInWork, void, undefined> {
  const ahead: Promise<WindowInWork | undefined>[] = [];
  let isCut = Promise.resolve(false);
  const goOn = (): void => {
    const cut = isCut.then((isEnd) => (isEnd ? undefined : cutNext(source, windows, nextPort)));
    isCut = cut.then((next) => next === undefined || next.cut.isEnd);
    const hashed = cut.then((next) => next && hash(next.window, next.cut, windows, nextPort()));
    // A failure is met by whoever awaits it, and ends no process until then.
    for (const each of [isCut, hashed]) each.catch(() => {});
    ahead.push(hashed);
  };
  for (let count = 0; count < WINDOWS_AHEAD; count++) goOn();
  try {
    for (;;) {
      throwIfAborted(signal);
      goOn();
      const current = await ahead[0];
      ahead.shift();
      if (current === undefined) return;
      yield current;
    }
  } finally {
    for (const left of await Promise.allSettled(ahead)) {
      if (left.status === "fulfilled" && left.value !== undefined) windows.giveBack(left.value.window);
    }
  }
}

async function cutNext(
  source: WindowedContent,
  windows: Windows,
  nextPort: () => ContentPort,
): Promise<{ window: Window; cut: Cut }> {
  await source.ready();
  const window = await windows.take();
  return { window, cut: await windows.within(window, () => source.cut(nextPort(), window)) };
}

async function hash(window: Window, cut: Cut, windows: Windows, port: ContentPort): Promise<WindowInWork> {
  const { lengths, length } = cut;
  const request = { op: "hash", window: window.number, lengths } as const;
  const hashed = await windows.within(window, () => port.request<WindowHashed>(request));
  return { window, length, chunks: { ...hashed, lengths } };
}

/** Reads lines of JSON as far as they go. Pure. */
import type { Json } from "../../client/index.ts";

/** Values of lines; `undefined` for a line that is no JSON. Empty lines are passed over. */
export interface JsonLines {
  readonly rows: readonly (Json | undefined)[];
  /** Letters up to the end of the last of them. */
  readonly used: number;
}

/** Reads up to `rowsMax` lines. Of a text that is cut (`isWhole` false) the last line is left out: it may be half of one. */
export function readJsonLines(text: string, rowsMax: number, isWhole = true): JsonLines {
  const rows: (Json | undefined)[] = [];
  let at = 0;
  while (at < text.length && rows.length < rowsMax) {
    const mark = text.indexOf("\n", at);
    if (mark < 0 && !isWhole) break;
    const end = mark < 0 ? text.length : mark;
    const line = text.slice(at, end).trim();
    if (line !== "") rows.push(parseJson(line));
    at = mark < 0 ? end : end + 1;
  }
  return { rows, used: at };
}

/** What a text says as JSON; `undefined` when it is none. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Reads comma- or tab-separated values as far as they go: RFC 4180, with quotes, in one pass. Pure. */

/** What some programs begin a text with. */
const BYTE_ORDER_MARK = "\ufeff";

/** Rows of a table. Rows may have different lengths. */
export interface CsvTable {
  readonly rows: readonly (readonly string[])[];
  /** Letters up to the end of the last of them. */
  readonly used: number;
}

/** Reads up to `rowsMax` rows. Of a text that is cut (`isWhole` false) the last row is left out: it may be half of one. */
export function readCsv(text: string, separator: string, rowsMax: number, isWhole = true): CsvTable {
  const rows: string[][] = [];
  let row: string[] = [];
  let used = 0;
  let at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  while (at < text.length && rows.length < rowsMax) {
    const { value, next } = fieldAt(text, at, separator);
    row.push(value);
    const mark = text[next];
    at = next + 1;
    if (mark === separator) {
      if (at < text.length) continue;
      row.push("");
    }
    if (mark === "\r" && text[at] === "\n") at++;
    const isEnded = mark === "\n" || (mark === "\r" && (at < text.length || isWhole));
    if (!isEnded && !isWhole) break;
    rows.push(row);
    row = [];
    used = Math.min(at, text.length);
  }
  return { rows, used };
}

/** A field, and where the mark after it stands. What follows a closing quote belongs to the field. */
function fieldAt(text: string, from: number, separator: string): { value: string; next: number } {
  if (text[from] !== '"') return plain(text, from, separator);
  const inner = quoted(text, from);
  const rest = plain(text, inner.next, separator);
  return { value: inner.value + rest.value, next: rest.next };
}

function quoted(text: string, from: number): { value: string; next: number } {
  let value = "";
  let at = from + 1;
  while (true) {
    const end = text.indexOf('"', at);
    if (end < 0) return { value: value + text.slice(at), next: text.length };
    value += text.slice(at, end);
    if (text[end + 1] !== '"') return { value, next: end + 1 };
    value += '"';
    at = end + 2;
  }
}

function plain(text: string, from: number, separator: string): { value: string; next: number } {
  let at = from;
  while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
  return { value: text.slice(from, at), next: at };
}

/** Text for terminals: nothing that a name or message holds can move the cursor, change colours or turn the line around. */

// Control characters, and the marks that reorder or hide text (Unicode categories Cc, Cf, Zl, Zp, Co, Cn, and lone surrogates).
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu;

/** Makes text from names and messages safe to print: what could act on the terminal is written as an escape. */
export function safe(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) as number;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** As {@link safe}, and keeps line breaks: for messages of several lines. */
export function safeLines(text: string): string {
  return text.split("\n").map(safe).join("\n");
}

/** A size as people read it: "804 B", "1.2 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = -1;
  do {
    value /= 1024;
    unit++;
  } while (value >= 1023.95 && unit < units.length - 1);
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ${units[unit]}`;
}

/**
 * A whole number as people read it: "2,048". Node's own way loads the rules of all languages first, which takes longer than
 * opening a store.
 */
export function formatNumber(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count with its noun: "1 file", "2,048 files". */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`;
}

/** A time as people read it, which says that it is in UTC: "2026-11-24 09:30Z". @param iso in UTC, as programs read it */
export function formatTime(iso: string, to: "minute" | "second"): string {
  return `${iso.slice(0, to === "minute" ? 16 : 19).replace("T", " ")}Z`;
}

/** A duration as people read it: "12 s", "3:05 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60)
    .toString()
    .padStart(2, "0");
  return minutes < 90 ? `${minutes}:${rest} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** How many columns a text takes on a terminal: wide characters take two, marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    const code = character.codePointAt(0) as number;
    width += isWide(code) ? 2 : 1;
  }
  return width;
}

/** East Asian wide and fullwidth blocks, and emoji (Unicode Standard Annex 11, in short). */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** Rows in aligned columns. `right` names the columns that are aligned to the right. */
export function alignColumns(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const space = " ".repeat((widths[column] as number) - displayWidth(cell));
        if (right.includes(column)) return space + cell;
        return column === row.length - 1 ? cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** Two columns, the second of them broken into lines between words so that all fits a terminal. */
export function wrapColumns(rows: readonly (readonly string[])[], width: number): string[] {
  const left = Math.max(...rows.map(([first = ""]) => displayWidth(first))) + 2;
  const room = Math.max(20, width - left);
  return rows.flatMap(([first = "", second = ""]) =>
    wrap(second, room).map((line, index) => {
      const start = index === 0 ? first : "";
      return start + " ".repeat(left - displayWidth(start)) + line;
    }),
  );
}

/** Breaks a text into lines between words; a word that is longer than a line stands alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

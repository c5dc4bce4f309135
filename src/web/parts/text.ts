/** How numbers and times are written. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** Made when first used: together they take longer than all else that the page does before it is drawn. */
const day = once(() => new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" }));
const moment = once(() => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" }));

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Bytes as "12.3 KiB". */
export function size(bytes: number): string {
  const unit = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(value < 100 ? 1 : 0)} ${UNITS[unit]}`;
}

/** A count as "12,345". */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A count with its noun: "1 file", "2 files". */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** A moment as people say it: "5 min. ago" for some days, then its date. */
export function since(at: string, now: number): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  const past = Math.abs(seconds);
  if (past < 60) return "just now";
  if (seconds > 0 || past >= 7 * 86_400) return day().format(new Date(at));
  if (past < 3600) return `${Math.round(past / 60)} min. ago`;
  if (past < 86_400) return `${Math.round(past / 3600)} hr. ago`;
  const days = Math.round(past / 86_400);
  return days === 1 ? "yesterday" : `${days} days ago`;
}

/** A moment to the second, in the reader's own time. */
export function exactly(at: string): string {
  return moment().format(new Date(at));
}

/** A length of time as "1 h 02 min", "3 min 05 s", "4.2 s". */
export function lasting(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${two((seconds % 86_400) / 3600)} h`;
}

/** Control characters, and those that change the direction of writing. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}]/gu;

/** What belongs to an emoji, and stays: joiners between two, and what says how one is drawn. */
const IN_EMOJI = [
  /(?<=\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})\u200d(?=\p{Extended_Pictographic})/u,
  /(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]/u,
  /(?<=[0-9#*])\ufe0f(?=\u20e3)/u,
];
/** What is not seen, or looks like a usual space. */
const UNSEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\u2800]|(?! )\p{Zs}/u;
/** Spaces that are not seen: at the ends of names, and behind another one. */
const SPACES = /(?<=^|[/ ]) | (?=$|\/)/u;
const HIDDEN = new RegExp(
  `(${IN_EMOJI.map(({ source }) => source).join("|")})|${UNSEEN.source}|${SPACES.source}`,
  "gu",
);

/** A content's text, with what would turn round or hide a part of it made visible. */
export function plainText(text: string): string {
  return text.replace(CONTROLS, signOf);
}

/**
 * A name or path from outside, with all made visible by which it would look like another one: what is not seen, what changes
 * the direction of writing ("photo\u202Egpj.exe" reads like a picture), spaces that are none or stand at an end.
 */
export function plainly(name: string): string {
  return name.replace(HIDDEN, (sign, inEmoji?: string) => inEmoji ?? signOf(sign));
}

function signOf(letter: string): string {
  return `‹U+${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}›`;
}

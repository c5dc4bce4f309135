/** The rules for names of teams, experiments, types, artifacts and tags. */
import { ArtifoldError } from "../errors.ts";

/** The things that have names, as errors call them. */
export type NameKind = "team" | "experiment" | "type" | "artifact" | "run" | "tag" | "remote";

/** The longest name, in characters (code points). */
export const NAME_LENGTH_MAX = 128;

/**
 * Names that no team may have: the first parts of the server's paths that are not teams.
 *
 * Pages of a team stand at `/{team}/…`, and those of a run at `/experi/{team}/…`: a team named like one of these would have
 * pages that cannot be reached, or stand where the server's own do. The list is closed, for a name once given stays: what
 * the server needs later goes below one of them.
 */
export const ROUTE_NAMES: readonly string[] = [
  // Pages: of runs, to log in and out, of a user's settings, to search.
  "experi",
  "login",
  "logout",
  "settings",
  "search",
  // Data of pages, the protocol of remotes, files of the application, and whether all is well.
  "api",
  "remote",
  "assets",
  "health",
  // What browsers and robots ask for by themselves.
  "favicon.ico",
  "robots.txt",
  ".well-known",
];

const allowed = /^[\p{L}\p{M}\p{Nd}._-]+$/u;
const numberLike = /^v\d+$/i;

/**
 * Brings a name into its one form (NFC) and checks it.
 *
 * @throws ArtifoldError NAME_INVALID; TypeError for what is no string
 */
export function checkName(kind: NameKind, name: string): string {
  if (typeof name !== "string") throw new TypeError(`the name of ${withArticle(kind)} is a string, not ${typeof name}`);
  const composed = name.normalize("NFC");
  const problem = nameProblem(kind, composed);
  if (problem !== undefined) {
    throw new ArtifoldError("NAME_INVALID", `not a name of ${withArticle(kind)}: ${JSON.stringify(name)}: ${problem}`, {
      hint: "Names have 1 to 128 letters, marks, digits, dots, underscores and hyphens, and do not begin with a hyphen.",
    });
  }
  return composed;
}

function nameProblem(kind: NameKind, name: string): string | undefined {
  if (name === "") return "it is empty";
  if ([...name].length > NAME_LENGTH_MAX) return `it is longer than ${NAME_LENGTH_MAX} characters`;
  if (name === "." || name === "..") return "it stands for a folder";
  if (name.startsWith("-")) return "it begins with a hyphen";
  if (!allowed.test(name)) return "it has a character that names may not have";
  if (kind === "team" && ROUTE_NAMES.includes(foldName(name))) return "the server's own pages have this name";
  if (kind === "tag" && numberLike.test(name)) return "it looks like a version number, and those are given, not chosen";
  if (kind === "tag" && name.toLowerCase() === "latest") return '"latest" always is the highest version';
  return undefined;
}

function withArticle(kind: NameKind): string {
  return kind === "artifact" || kind === "experiment" ? `an ${kind}` : `a ${kind}`;
}

/**
 * The form in which names that only look different are equal: case, width and compatibility forms folded.
 *
 * Upper case first, so that "ß" and "ss" meet; one name of a kind is refused when another folds to the same.
 */
export function foldName(name: string): string {
  return name.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFC");
}

/** Reads a version number from its text form "V7" (or "v7"); `undefined` for anything else. */
export function parseNumber(text: string): number | undefined {
  const match = /^v([1-9]\d{0,15})$/i.exec(text);
  if (match === null) return undefined;
  const number = Number(match[1]);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The text form of a version number. */
export function formatNumber(number: number): string {
  return `V${number}`;
}

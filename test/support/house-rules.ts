/** The rules of the house that a machine can check, and where `src/` may break them. */
import path from "node:path";
import type { Found, SourceFile } from "./source-files.ts";

/** What breaks a rule. */
export interface Complaint {
  readonly rule: string;
  /** The file, below `src/`. */
  readonly file: string;
  readonly line: number;
  /** What is there, by which an exception names it. */
  readonly what: string;
}

/** A place where a rule may be broken, once or more often. */
export interface Exception {
  readonly rule: string;
  readonly file: string;
  readonly what: string;
  /** Why it is right there. */
  readonly reason: string;
}

/** What a rule looks at. */
export interface House {
  readonly files: readonly SourceFile[];
  /** Ranks of rooms, as {@link ranksIn} reads them. */
  readonly ranks: ReadonlyMap<string, Room>;
}

/** A room of the table in ARCHITECTURE.md. */
export interface Room {
  /** Infinite for a room that nobody may import. */
  readonly rank: number;
  readonly isPlanned: boolean;
}

type Rule = (house: House) => Omit<Complaint, "rule">[];

/** Files at the top of `src/` that everybody may import. */
const EVERYBODYS = ["errors.ts", "progress.ts"];
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 60;
/** Words that mean something else elsewhere; the glossary has others for what they would say. */
const BANNED = /^(snapshot|backend|driver|alias|cid|commit)(e?s|t?ed|t?ing|t?er)?$/i;
const LEFTOVER = /\b(TODO|FIXME|XXX)\b/;
/** Rooms that a browser can run. */
const PURE = ["client", "digest", "chunking", "manifest", "remote"];
/** Of remotes the port, what checks it and its wrappers need no Node; how a place is reached does. */
const REMOTE_KINDS = /^remote\/(folder|exchange|url|s3\/|sftp\/)/;

/** Every rule by its name. */
export const rules: { readonly [name: string]: Rule } = {
  "rooms are in the table of ARCHITECTURE.md": ({ files, ranks }) => {
    const rooms = new Set(files.map(roomOf).filter((room) => room !== undefined));
    const unknown = [...rooms].filter((room) => !ranks.has(room)).map((room) => [room, "is not in the table"]);
    const gone = [...ranks].filter(([room, { isPlanned }]) => !isPlanned && !rooms.has(room));
    return [...unknown, ...gone.map(([room]) => [room, "is in the table only"])].map(([room, what]) => {
      return { file: `${room}/`, line: 1, what: what as string };
    });
  },

  "a room imports rooms of a smaller rank": (house) =>
    imports(house, ({ from, to }) => {
      if (from === undefined || to === undefined || from === to) return false;
      return rankOf(house, to) >= rankOf(house, from);
    }),

  "nobody imports testing": (house) => imports(house, ({ from, to }) => to === "testing" && from !== "testing"),

  "another room is imported by its index.ts": (house) =>
    imports(house, ({ from, to, target }) => {
      if (to === from || target === undefined) return false;
      return to === undefined ? !EVERYBODYS.includes(target) : target !== `${to}/index.ts`;
    }),

  "files do not import each other in a circle": ({ files }) => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    return files.flatMap((file) => {
      return file.imports
        .filter((each) => !each.isLate && reaches(byPath, targetOf(file, each.text), file.path))
        .map((each) => found(file, each));
    });
  },

  "an index.ts only re-exports": eachFile((file) => (path.basename(file.path) === "index.ts" ? file.statements : [])),

  "node:fs is for platform": eachFile((file) =>
    roomOf(file) === "platform" ? [] : file.imports.filter(({ text }) => /^(node:)?fs(\/promises)?$/.test(text)),
  ),

  "a pure room needs no Node": eachFile((file) =>
    PURE.includes(roomOf(file) ?? "") && !REMOTE_KINDS.test(file.path)
      ? file.imports.filter(({ text }) => text.startsWith("node:"))
      : [],
  ),

  "better-sqlite3 is for catalog": eachFile((file) =>
    roomOf(file) === "catalog" ? [] : file.imports.filter(({ text }) => text === "better-sqlite3"),
  ),

  "printing, ending and the environment are for cli": eachFile((file) =>
    roomOf(file) === "cli"
      ? []
      : file.uses.filter(({ text }) => /^(console\..*|process\.(exit|exitCode|env|argv|std(out|err|in)))$/.test(text)),
  ),

  "the clock is for platform": eachFile((file) =>
    roomOf(file) === "platform" ? [] : file.uses.filter(({ text }) => /^(Date\.now|new Date\(\))$/.test(text)),
  ),

  "a file has at most 400 lines": eachFile((file) =>
    file.lines > FILE_LINES_MAX ? [{ text: `${file.lines} lines`, line: file.lines }] : [],
  ),

  "a function has at most 60 lines": eachFile((file) =>
    file.functions.filter(({ lines }) => lines > FUNCTION_LINES_MAX),
  ),

  "words are those of the glossary": eachFile((file) =>
    [...file.identifiers, ...file.comments].flatMap(({ text, line }) =>
      wordsOf(text)
        .filter((word) => BANNED.test(word.text))
        .map((word) => ({ text: word.text.toLowerCase(), line: line + word.line })),
    ),
  ),

  "what is exported has a doc comment": eachFile((file) => {
    // A file of the command line is one command: what its `run` does stands at its top.
    const isCommand = roomOf(file) === "cli" && file.comments[0]?.line === 1;
    return file.exports.filter(({ text, documented }) => !documented && !(isCommand && text.endsWith("function run")));
  }),

  "nothing is left over": eachFile((file) =>
    file.comments.filter(({ text }) => LEFTOVER.test(text)).map(({ line, text }) => ({ line, text: text.trim() })),
  ),
};

/** Applies all rules. What an exception allows is no complaint, and an exception that allows nothing is one. */
export function complaintsAbout(house: House, exceptions: readonly Exception[]): Complaint[] {
  const idle = new Set(exceptions);
  const complaints = Object.entries(rules).flatMap(([rule, check]) => {
    return check(house).map((complaint): Complaint => ({ rule, ...complaint }));
  });
  const left = complaints.filter(({ rule, file, what }) => {
    const allowed = exceptions.find((each) => each.rule === rule && each.file === file && each.what === what);
    if (allowed !== undefined) idle.delete(allowed);
    return allowed === undefined;
  });
  return [
    ...left,
    ...[...idle].map(({ rule, file, what }) => ({ rule: `an exception of: ${rule}`, file, line: 1, what })),
  ];
}

/** Reads the table of rooms in ARCHITECTURE.md. */
export function ranksIn(architecture: string): Map<string, Room> {
  const rows = [...architecture.matchAll(/^\| (\d+|–) +\| `(\w+)\/` +\| (.*)$/gm)];
  return new Map(
    rows.map(([, rank = "", room = "", what = ""]) => [
      room,
      { rank: rank === "–" ? Number.POSITIVE_INFINITY : Number(rank), isPlanned: what.startsWith("_planned:_") },
    ]),
  );
}

function eachFile(check: (file: SourceFile) => readonly Found[]): Rule {
  return ({ files }) => files.flatMap((file) => check(file).map((each) => found(file, each)));
}

function found(file: SourceFile, { text, line }: Found): Omit<Complaint, "rule"> {
  return { file: file.path, line, what: text };
}

interface Import {
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** The path of the imported file below `src/`; `undefined` for a package. */
  readonly target: string | undefined;
}

/** Complains of imports. The top's index.ts, which gives out what rooms have, may have all but `testing`. */
function imports({ files }: House, isWrong: (each: Import) => boolean): Omit<Complaint, "rule">[] {
  return files.flatMap((file) => {
    const wrong = file.imports.filter(({ text }) => {
      const target = targetOf(file, text);
      return isWrong({ from: roomOf(file), to: target === undefined ? undefined : roomOf({ path: target }), target });
    });
    return wrong.map((each) => found(file, each));
  });
}

/** The room of a file; `undefined` at the top of `src/`. */
function roomOf({ path: file }: { readonly path: string }): string | undefined {
  return file.includes("/") ? file.split("/")[0] : undefined;
}

/** A room that is not in the table is complained of elsewhere. */
function rankOf({ ranks }: House, room: string): number {
  return ranks.get(room)?.rank ?? Number.NaN;
}

function targetOf(file: SourceFile, specifier: string): string | undefined {
  return specifier.startsWith(".") ? path.posix.join(path.posix.dirname(file.path), specifier) : undefined;
}

/** Whether loading one file loads another. What is loaded late finds all files whole. */
function reaches(byPath: ReadonlyMap<string, SourceFile>, from: string | undefined, to: string): boolean {
  const seen = new Set<string>();
  const waiting = from === undefined ? [] : [from];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (at === to) return true;
    const file = byPath.get(at);
    if (file === undefined || seen.has(at)) continue;
    seen.add(at);
    for (const { text, isLate } of file.imports) if (!isLate) waiting.push(targetOf(file, text) ?? "");
  }
  return false;
}

/** Words of a text, also those within a name such as `oneWord` or `ONE_WORD`, with the lines before each. */
function wordsOf(text: string): Found[] {
  return [...text.matchAll(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)].map((match) => ({
    text: match[0],
    line: text.slice(0, match.index).split("\n").length - 1,
  }));
}

/** Source files as a parser of TypeScript sees them, in the few facts that the rules of the house speak of. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type ParseResult, parseSync, Visitor } from "rolldown/utils";

/** Something in a source file, and the line on which it begins, from 1. */
export interface Found {
  readonly text: string;
  readonly line: number;
}

/** A module that a file names. */
export interface FoundImport extends Found {
  /** Whether it is loaded when the file runs, by `import()`, and not before. */
  readonly isLate: boolean;
}

/** A function of any kind. */
export interface FoundFunction extends Found {
  /** How many lines it has, its first and last counted. */
  readonly lines: number;
}

/** What a file offers to others. */
export interface FoundExport extends Found {
  /** Whether a doc comment stands directly before it. */
  readonly documented: boolean;
}

/** One file below `src/`. */
export interface SourceFile {
  /** Its path below `src/`, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  /** Every module that it names: in imports and re-exports, of values and of types, and in calls that load one. */
  readonly imports: readonly FoundImport[];
  readonly functions: readonly FoundFunction[];
  /** Declarations that it exports. What it re-exports is not among them. */
  readonly exports: readonly FoundExport[];
  /** Statements at its top level that are neither imports nor re-exports. */
  readonly statements: readonly Found[];
  /** Names of all kinds, each where it is used, and private ones without their mark. */
  readonly identifiers: readonly Found[];
  readonly comments: readonly Found[];
  /** What it reads of objects by their names, as `process.env`, and calls as `new Date()`. */
  readonly uses: readonly Found[];
}

type Program = ParseResult["program"];

/** The file of a path and a text. What does not parse is an error. */
export function parseSource(file: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(file, text, { lang: file.endsWith(".tsx") ? "tsx" : "ts" });
  if (errors.length > 0) throw new Error(`${file}: ${errors.map((error) => error.message).join(", ")}`);
  const lineAt = lineCounter(text);
  return {
    path: file,
    lines: lineAt(text.trimEnd().length),
    comments: comments.map(({ value, start }) => ({ text: value, line: lineAt(start) })),
    exports: exportsOf(program, comments, text, lineAt),
    statements: program.body
      .filter((each) => each.type !== "ImportDeclaration" && !("source" in each && each.source !== null))
      .map((each) => ({ text: each.type, line: lineAt(each.start) })),
    ...factsOf(program, text, lineAt),
  };
}

/** All files below a folder. */
export function readSources(folder: string): SourceFile[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  return names
    .map((name) => parseSource(name.split(path.sep).join("/"), readFileSync(path.join(folder, name), "utf8")))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

type LineAt = (offset: number) => number;

function lineCounter(text: string): LineAt {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => starts.findLastIndex((start) => start <= offset) + 1;
}

/** Functions that load the module that their argument names. */
const LOADERS = new Set(["require", "getBuiltinModule"]);

function factsOf(
  program: Program,
  text: string,
  lineAt: LineAt,
): Pick<SourceFile, "imports" | "functions" | "identifiers" | "uses"> {
  const imports: FoundImport[] = [];
  const functions: FoundFunction[] = [];
  const identifiers: Found[] = [];
  const uses: Found[] = [];
  const module = (node: { type?: string; start: number; source: unknown }): void => {
    const source = node.source as { value?: unknown } | null;
    if (typeof source?.value !== "string") return;
    imports.push({ text: source.value, line: lineAt(node.start), isLate: node.type === "ImportExpression" });
  };
  const addFunction = (node: { start: number; end: number; id?: { name: string } | null }): void => {
    const line = lineAt(node.start);
    functions.push({ text: node.id?.name ?? "a function", line, lines: lineAt(node.end - 1) - line + 1 });
  };
  const name = (node: { name: string; start: number }): void => {
    identifiers.push({ text: node.name, line: lineAt(node.start) });
  };
  new Visitor({
    ImportDeclaration: module,
    ExportNamedDeclaration: module,
    ExportAllDeclaration: module,
    ImportExpression: module,
    TSImportType: module,
    TSExternalModuleReference: (node) => module({ start: node.start, source: node.expression }),
    CallExpression: (node) => {
      // What makes a loader is called as one too: createRequire(…)("module").
      const called = text.slice(node.callee.start, node.callee.end).replace(/^createRequire\(.*\)$/s, "require");
      if (LOADERS.has(called.split(".").at(-1) ?? "")) module({ start: node.start, source: node.arguments[0] });
    },
    FunctionDeclaration: addFunction,
    FunctionExpression: addFunction,
    ArrowFunctionExpression: addFunction,
    Identifier: name,
    PrivateIdentifier: name,
    MemberExpression: (node) => {
      if (node.object.type !== "Identifier") return;
      const property = text.slice(node.property.start, node.property.end);
      uses.push({ text: `${node.object.name}.${property}`, line: lineAt(node.start) });
    },
    NewExpression: (node) => {
      if (node.arguments.length === 0) uses.push({ text: text.slice(node.start, node.end), line: lineAt(node.start) });
    },
  }).visit(program);
  return { imports, functions, identifiers, uses };
}

function exportsOf(program: Program, comments: ParseResult["comments"], text: string, lineAt: LineAt): FoundExport[] {
  // What a comment for a tool says may stand between.
  const documentedAt = new Set(
    comments
      .filter(({ type, value }) => type === "Block" && value.startsWith("*"))
      .map(({ end }) => end + (/^(\s*(\/\/ biome-ignore .*)?)*/.exec(text.slice(end))?.[0].length ?? 0)),
  );
  return program.body.flatMap((node) => {
    const isExported = node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration";
    if (!isExported || ("source" in node && node.source !== null)) return [];
    const [first = ""] = text.slice(node.start, node.end).split(/[={(\n]/);
    return [{ text: first.trim(), line: lineAt(node.start), documented: documentedAt.has(node.start) }];
  });
}

/** Reads the queries of routes: each parameter is known, and is what it has to be. */
import type { RouteName, Routes } from "../client/index.ts";
import { ArtifoldError } from "../errors.ts";

/** What a parameter has to be, and what it is without being given. */
export type Parameter<Value> = (text: string | null, name: string) => Value;

/** The query of a route as its type has it. */
export type QueryOf<Name extends RouteName> = Routes[Name] extends { query: infer Query }
  ? Query
  : Record<never, never>;

const TEXT_MAX = 8192;

/** A text; absent without one. */
export const optionalText: Parameter<string | undefined> = (text, name) => {
  if (text === null) return undefined;
  if (text.length > TEXT_MAX) throw new ArtifoldError("USAGE", `${name} is too long`);
  return text;
};

/** A text that has to be there. */
export const requiredText: Parameter<string> = (text, name) => {
  const given = optionalText(text, name);
  if (given === undefined) throw new ArtifoldError("USAGE", `${name} is missing`);
  return given;
};

/** A text that is empty without being given. */
export const textOrEmpty: Parameter<string> = (text, name) => optionalText(text, name) ?? "";

/** "true" or "false". */
export const flag: Parameter<boolean> = (text, name) => {
  if (text === null || text === "false") return false;
  if (text === "true") return true;
  throw new ArtifoldError("USAGE", `${name} is true or false`);
};

/** One of a few words. */
export function word<Word extends string>(words: readonly Word[], otherwise: Word | undefined): Parameter<Word> {
  return (text, name) => {
    const found = text === null ? otherwise : words.find((each) => each === text);
    if (found === undefined) throw new ArtifoldError("USAGE", `${name} is one of ${words.join(", ")}`);
    return found;
  };
}

/** A whole number between two, both included. */
export function count(least: number, most: number, otherwise: number): Parameter<number> {
  return (text, name) => {
    if (text === null) return otherwise;
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new ArtifoldError("USAGE", `${name} is a whole number from ${least} to ${most}`);
  };
}

/** Where a list begins, and how much of it is given. */
export const page = { offset: count(0, Number.MAX_SAFE_INTEGER, 0), limit: count(1, 1000, 100) } as const;

/** Parameters by their names. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** What parameters come to. */
export type ValuesOf<Known extends Parameters> = { readonly [Name in keyof Known]: ReturnType<Known[Name]> };

/** Reads a query. @throws ArtifoldError USAGE for what is not known, given twice or not what it has to be */
export function readQuery<Known extends Parameters>(query: URLSearchParams, known: Known): ValuesOf<Known> {
  for (const name of new Set(query.keys())) {
    if (!Object.hasOwn(known, name)) throw new ArtifoldError("USAGE", `there is no parameter ${JSON.stringify(name)}`);
    if (query.getAll(name).length > 1) throw new ArtifoldError("USAGE", `${name} is given twice`);
  }
  const values = Object.entries(known).map(([name, read]) => [name, read(query.get(name), name)]);
  return Object.fromEntries(values) as ValuesOf<Known>;
}

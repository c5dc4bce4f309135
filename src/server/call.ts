/** A call of a route, as the code of the route sees it. */

import type { Catalog } from "../catalog/index.ts";
import type { AnswerOf, RouteName, Routes } from "../client/index.ts";
import type { Login } from "./login.ts";
import type { Parameter, Parameters, QueryOf, ValuesOf } from "./queries.ts";
import type { Services } from "./services.ts";

/** Parameters of a path. A team that the caller may not see stands there as one that nobody has. */
export type ParamsOf<Name extends RouteName> = Routes[Name] extends { params: infer Params }
  ? Params
  : Record<never, never>;

/** What a route gets. The catalog is up to date. */
export interface Call<Name extends RouteName = RouteName, Query = unknown> {
  readonly request: Request;
  readonly url: URL;
  readonly params: ParamsOf<Name>;
  readonly query: Query;
  /** Whoever asks; `undefined` for a reader who is not logged in. */
  readonly login: Login | undefined;
  readonly services: Services;
  readonly catalog: Catalog;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

/** What a route does. */
export interface RouteCode<Name extends RouteName = RouteName> {
  /** What its query may have. */
  readonly query: Parameters;
  /** An answer that is no response goes out as JSON; `undefined` as 204. */
  handle(call: Call<Name>): Promise<AnswerOf<Name> | Response>;
}

/** The code of some routes. */
export type RouteCodes<Names extends RouteName> = { readonly [Name in Names]: RouteCode<Name> };

/** The code of a route. Its parameters are those that the route's type has. */
export function route<
  Name extends RouteName,
  Known extends { readonly [Key in keyof Required<QueryOf<Name>>]: Parameter<unknown> },
>(
  query: Known & Parameters,
  handle: (call: Call<Name, ValuesOf<Known & Parameters>>) => Promise<AnswerOf<Name> | Response>,
): RouteCode<Name> {
  return { query, handle: handle as RouteCode<Name>["handle"] };
}

/** A team that nobody has: what is looked for in it is not there. */
export const NO_TEAM = "\0";

/** Whether a caller sees what is of a team. */
export function sees(login: Login | undefined, team: string): boolean {
  return login === undefined || login.team === null || login.team === team;
}

/** The team that a list is limited to, of what is asked for and what the caller sees. */
export function teamFilter(login: Login | undefined, asked: string | undefined): string | undefined {
  const limit = login?.team ?? undefined;
  if (asked === undefined) return limit;
  const team = asked.normalize("NFC");
  return sees(login, team) ? team : NO_TEAM;
}

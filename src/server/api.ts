/** The data API: finds the route of a request, asks whether it may, and answers. */
import { OPERATION_HEADER, type RouteName } from "../client/index.ts";
import type { Caller } from "./access.ts";
import { answered, done, failed, troubleAnswer } from "./api-answers.ts";
import { type Call, NO_TEAM, type RouteCode, sees } from "./call.ts";
import { bodyRefusal } from "./guard.ts";
import type { Login } from "./login.ts";
import { readQuery } from "./queries.ts";
import { routeCodes } from "./route-codes.ts";
import { findRoute, type Matched } from "./routing.ts";
import type { Services } from "./services.ts";

/** Where the data API begins. */
export const API_PATH = "/api/";

const TICKETED: readonly RouteName[] = ["file", "archive"];

/** Answers a request of the data API. Never rejects. @param onFault hears of the server's own faults, with their names */
export async function answerApi(
  request: Request,
  services: Services,
  onFault: (error: unknown, id: string) => void,
): Promise<Response> {
  try {
    return await answerRoute(request, services);
  } catch (error) {
    if (request.signal.aborted) return failed(499, "CLOSED", "the caller went away", { happened: "unknown" });
    return troubleAnswer(error, onFault);
  }
}

async function answerRoute(request: Request, services: Services): Promise<Response> {
  const url = new URL(request.url);
  const matched = findRoute(request.method, url.pathname);
  if (matched === undefined) return failed(404, "NOT_FOUND", "there is nothing here");
  if ("allow" in matched) {
    return failed(405, "USAGE", "this is not done here", { headers: { allow: matched.allow } });
  }
  const caller = callerOf(request, url, matched, services);
  const permitted = services.access.permits(caller, matched.head.permission);
  if (permitted === "login") {
    return failed(401, "DENIED", "a login is needed", { headers: { "www-authenticate": "Bearer" } });
  }
  if (permitted === "no") return failed(403, "DENIED", "this login does not allow it");
  const { method } = matched.head;
  if (method !== "GET" && method !== "DELETE") {
    const refused = bodyRefusal(request, matched.head.takes ?? "application/json");
    if (refused !== undefined) return refused;
  }
  const login = typeof caller === "string" ? undefined : caller;
  const code = routeCodes[matched.name] as unknown as RouteCode;
  const query = readQuery(url.searchParams, code.query);
  await services.store.engine.refresh();
  const { catalog } = services.store.engine;
  // Before anything is read: what comes meanwhile may be missing in the answer.
  const operation = catalog.position()?.sequence ?? 0;
  const call = {
    request,
    url,
    params: visible(matched.params, login),
    query,
    login,
    services,
    catalog,
    signal: request.signal,
  } as unknown as Call;
  const answer: unknown = await code.handle(call);
  const response = answer instanceof Response ? answer : answer === undefined ? done() : answered(answer);
  if (!(answer instanceof Response)) response.headers.set(OPERATION_HEADER, String(operation));
  return request.method === "HEAD" ? withoutBody(response) : response;
}

/** Nobody will read the body of it, nor end what makes it. */
async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}

/** Who asks; on some routes a ticket says so in the place of a header. */
function callerOf(request: Request, url: URL, { name }: Matched, { access, sessions }: Services): Caller {
  const caller = access.callerOf(request);
  if (caller !== "nobody" || !url.searchParams.has("ticket") || !TICKETED.includes(name)) return caller;
  return sessions.checkTicket(url.pathname + url.search) ?? "unknown";
}

/** What is of a team that the caller does not see is looked for where nothing is, and so answered like what is not there. */
function visible(params: Matched["params"], login: Login | undefined): Matched["params"] {
  const { team } = params;
  return team === undefined || sees(login, team) ? params : { ...params, team: NO_TEAM };
}

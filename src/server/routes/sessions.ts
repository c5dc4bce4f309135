/** Routes of logins. */
import { answered, failed } from "../api-answers.ts";
import { readJson } from "../bodies.ts";
import { type RouteCode, type RouteCodes, route } from "../call.ts";

const session: RouteCode<"session"> = route({}, async (call) => {
  const { login, services } = call;
  const may = (permission: "read" | "write" | "admin"): boolean =>
    services.access.permits(login ?? "nobody", permission) === "yes";
  return {
    login:
      login === undefined
        ? null
        : {
            user: login.user,
            scope: login.scope,
            team: login.team,
            expiresAt: login.expiresAt,
            kind: login.kind,
          },
    may: { read: may("read"), write: may("write"), admin: may("admin") },
    isPrivate: !services.access.isOpen,
    server: { name: "artifold", version: services.version },
  };
});

const openSession: RouteCode<"openSession"> = route({}, async (call) => {
  const { code } = (await readJson(call.request)) as { code?: unknown };
  const opened = call.services.sessions.open(typeof code === "string" ? code : "");
  if (opened === "later")
    return failed(429, "BUSY", "too many wrong codes: come again in a minute", { headers: { "retry-after": "60" } });
  if (opened === "wrong") {
    return failed(401, "DENIED", "this code is not good, or was used already", {
      hint: "The server prints a new one whenever one was used.",
    });
  }
  const { token, login } = opened;
  return answered({ token, user: login.user, scope: login.scope, expiresAt: login.expiresAt }, 201);
});

const closeSession: RouteCode<"closeSession"> = route({}, async (call) => {
  const token = call.request.headers.get("authorization")?.replace(/^Bearer /i, "") ?? "";
  call.services.sessions.close(token);
  return undefined;
});

/** Paths that a ticket may be for. */
const TICKETED = /^\/api\/artifacts\/[^?#]*\/(file|archive)\?[^#]*$/;

const ticket: RouteCode<"ticket"> = route({}, async (call) => {
  const { path } = (await readJson(call.request)) as { path?: unknown };
  if (typeof path !== "string" || !TICKETED.test(path) || /[?&]ticket=/.test(path)) {
    return failed(400, "USAGE", "a ticket is for the path of a file or an archive");
  }
  const { login, services } = call;
  return services.sessions.ticketFor(path, { user: login?.user ?? "", team: login?.team ?? null });
});

/** Routes of logins. */
export const sessionRoutes: RouteCodes<"session" | "openSession" | "closeSession" | "ticket"> = {
  session,
  openSession,
  closeSession,
  ticket,
};

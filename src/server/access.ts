/** Who asks, and what they may: the one place that says so, for pages, their data and the protocol of remotes. */
import type { Permission } from "../client/index.ts";
import type { Login } from "./login.ts";
import type { Permitted } from "./remote-handler.ts";
import type { Sessions } from "./sessions.ts";
import { scopes, type TokenStore } from "./tokens.ts";

/** How a request came: a login, nobody, or somebody with a token that is none. */
export type Caller = Login | "nobody" | "unknown";

/** What may be asked, by whom. */
export class Access {
  readonly #tokens: TokenStore;
  readonly #sessions: Sessions;
  /** Whether reading needs no login. */
  readonly isOpen: boolean;

  constructor(options: { readonly tokens: TokenStore; readonly sessions: Sessions; readonly isOpen: boolean }) {
    this.#tokens = options.tokens;
    this.#sessions = options.sessions;
    this.isOpen = options.isOpen;
  }

  /** Who asks. A header that is there and not understood is no login: it is not overlooked. */
  callerOf(request: Request): Caller {
    const header = request.headers.get("authorization");
    if (header === null) return "nobody";
    const token = /^Bearer ([\w-]{1,256})$/i.exec(header)?.[1];
    return (token === undefined ? undefined : this.#loginOf(token)) ?? "unknown";
  }

  /** Whether a caller may. */
  permits(caller: Caller, permission: Permission): Permitted {
    if (caller === "unknown") return permission === "code" ? "yes" : "login";
    if (permission === "shell" || permission === "code") return "yes";
    if (caller === "nobody") return permission === "read" && this.isOpen ? "yes" : "login";
    if (permission === "login") return "yes";
    return scopes.indexOf(caller.scope) >= scopes.indexOf(permission) ? "yes" : "no";
  }

  #loginOf(token: string): Login | undefined {
    if (token.startsWith("session_")) return this.#sessions.check(token);
    const facts = this.#tokens.check(token);
    if (facts === undefined) return undefined;
    const { id, user, scope, team, expiresAt } = facts;
    this.#tokens.noteUse(id);
    return { id, kind: "token", user, scope, team, expiresAt };
  }
}

/** A login: what a token stands for. */
import type { Scope } from "../client/index.ts";

/** Whoever showed a token, a session's or one of `artifold token create`. */
export interface Login {
  readonly id: string;
  readonly kind: "token" | "session";
  readonly user: string;
  readonly scope: Scope;
  /** The only team that it is good for; null for all. */
  readonly team: string | null;
  readonly expiresAt: string | null;
}

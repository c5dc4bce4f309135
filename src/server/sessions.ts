/** Logins of the pages: by a code that is good once; and tickets, which stand for a login in a URL. In memory only. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../platform/index.ts";
import { randomBytes, randomHex } from "../platform/index.ts";
import type { Login } from "./login.ts";

/** How long a session lasts, from its beginning. */
const SESSION_MS = 12 * 60 * 60 * 1000;
const SESSIONS_MAX = 256;
/** How long a ticket lets in. What was begun with it goes on. */
const TICKET_MS = 5 * 60 * 1000;
/** Wrong codes before nobody is let in for a while, and how long that is. */
const WRONG_MAX = 10;
const WRONG_MS = 60_000;
/** Without letters and digits that look alike. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const CODE_LETTERS = 20;

/** What became of a code: the token of a session, or why there is none. */
export type Opened = { readonly token: string; readonly login: Login } | "wrong" | "later";

/** The sessions of one server. */
export class Sessions {
  readonly #clock: Clock;
  readonly #user: string;
  readonly #onCode: (code: string) => void;
  readonly #sessions = new Map<string, { readonly login: Login; readonly endsAt: number }>();
  readonly #ticketKey = randomBytes(32);
  #code = newCode();
  #wrong = 0;
  #wrongSince = 0;

  /**
   * @param options.user whom sessions belong to: whoever runs the server
   * @param options.onCode hears of the code, and of the next one whenever one was used
   */
  constructor(options: { readonly clock: Clock; readonly user: string; onCode(code: string): void }) {
    this.#clock = options.clock;
    this.#user = options.user;
    this.#onCode = options.onCode;
    this.#onCode(this.#code);
  }

  /** Exchanges a code for a session. Hyphens, spaces and case do not matter. */
  open(given: string): Opened {
    const now = this.#clock.now();
    if (now - this.#wrongSince > WRONG_MS) [this.#wrong, this.#wrongSince] = [0, now];
    if (this.#wrong >= WRONG_MAX) return "later";
    const code = given.toLowerCase().replace(/[\s-]/g, "");
    if (!timingSafeEqual(hash(code), hash(this.#code.replaceAll("-", "")))) {
      this.#wrong++;
      return "wrong";
    }
    this.#code = newCode();
    this.#onCode(this.#code);
    const token = `session_${randomHex(32)}`;
    const endsAt = now + SESSION_MS;
    const login: Login = {
      id: randomHex(8),
      kind: "session",
      user: this.#user,
      scope: "admin",
      team: null,
      expiresAt: new Date(endsAt).toISOString(),
    };
    this.#makeRoom(now);
    this.#sessions.set(keyOf(token), { login, endsAt });
    return { token, login };
  }

  /** The login that a token of a session stands for. */
  check(token: string): Login | undefined {
    const session = this.#sessions.get(keyOf(token));
    return session !== undefined && session.endsAt > this.#clock.now() ? session.login : undefined;
  }

  close(token: string): void {
    this.#sessions.delete(keyOf(token));
  }

  /** A path with a ticket: what a login may read, for a few minutes and this one path. */
  ticketFor(path: string, login: Pick<Login, "user" | "team">): { readonly path: string; readonly expiresAt: string } {
    const endsAt = this.#clock.now() + TICKET_MS;
    const facts = Buffer.from(JSON.stringify([endsAt, login.user, login.team])).toString("base64url");
    const ticket = `${facts}.${this.#sign(path, facts)}`;
    return {
      path: `${path}${path.includes("?") ? "&" : "?"}ticket=${ticket}`,
      expiresAt: new Date(endsAt).toISOString(),
    };
  }

  /** The login that the ticket of a path stands for. @param path with the ticket at its end */
  checkTicket(path: string): Login | undefined {
    const [, before = "", facts = "", signature = ""] = /^(.*)[?&]ticket=([\w-]+)\.([\w-]+)$/.exec(path) ?? [];
    const expected = Buffer.from(this.#sign(before, facts));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const [endsAt, user, team] = JSON.parse(Buffer.from(facts, "base64url").toString()) as [
      number,
      string,
      string | null,
    ];
    if (endsAt <= this.#clock.now()) return undefined;
    return { id: "ticket", kind: "session", user, scope: "read", team, expiresAt: new Date(endsAt).toISOString() };
  }

  #sign(path: string, facts: string): string {
    return createHmac("sha256", this.#ticketKey).update(`${facts}\n${path}`).digest("base64url");
  }

  /** Ended sessions go, and if need be the oldest one. */
  #makeRoom(now: number): void {
    for (const [key, { endsAt }] of this.#sessions) if (endsAt <= now) this.#sessions.delete(key);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size >= SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
  }
}

function newCode(): string {
  // 8 x 31 is 248: bytes above are left out, so that all letters are equally likely.
  let letters = "";
  while (letters.length < CODE_LETTERS) {
    for (const byte of randomBytes(CODE_LETTERS)) if (byte < 248) letters += LETTERS[byte % LETTERS.length];
  }
  return (letters.slice(0, CODE_LETTERS).match(/.{5}/g) as string[]).join("-");
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function keyOf(token: string): string {
  return hash(token).toString("hex");
}

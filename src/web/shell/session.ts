/**
 * Who is here and what they may. The login is kept as long as this tab is, goes along as a header, and never into an address:
 * so no other page and no other program on this machine gets it.
 */
import { computed, signal } from "@preact/signals";
import { Client, type ClientOptions, type SessionView } from "../../client/index.ts";
import { forgetLoaded } from "../parts/load.ts";
import { askAhead, fetchOrTake } from "./ahead.ts";
import { forgetNoted } from "./heard.ts";
import { go } from "./navigation.ts";

const KEY = "artifold-login";
const token = signal<string | undefined>(kept());

/** The server that the page came from. */
export const client: Client = clientWith(fetchOrTake);

/** The same, asked in another way. */
export function clientWith(fetch: NonNullable<ClientOptions["fetch"]>): Client {
  return new Client({ token: () => token.value, fetch });
}

/** What the server says of this tab; `undefined` until it does. */
export const session = signal<SessionView | undefined>(undefined);

/** Whether this tab may change things. */
export const mayWrite = computed(() => session.value?.may.write === true);

/** Whether this tab may remove and restore. */
export const mayRemove = computed(() => session.value?.may.admin === true);

/** Whether a link brought a code along that is being exchanged: what is asked for meanwhile would be asked without it. */
export const isEntering = signal(new URLSearchParams(location.hash.slice(1)).has("code"));

/** Changes with the login: all that was asked for before is asked for again. */
export const loginRevision = signal(0);

/** Asks for what a page will ask for: not before it is known with which login. */
export function askFirst(paths: readonly string[]): void {
  if (!isEntering.value) askAhead(paths, token.value);
}

/** Takes up the code that a link brought along in its fragment, or the login that this tab has. */
export async function beginSession(): Promise<void> {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code === null) return look();
  go(location.pathname === "/login" ? "/" : location.pathname + location.search, { replace: true });
  try {
    await logIn(code);
  } catch (error) {
    await look();
    throw error;
  } finally {
    isEntering.value = false;
  }
}

/**
 * Exchanges a one-time code, or keeps a token.
 *
 * @throws ApiError when the server does not take it
 */
export async function logIn(key: string): Promise<void> {
  if (key.startsWith("artifold_")) {
    await new Client({ token: () => key }).call("session");
    keep(key);
  } else keep((await new Client().call("openSession", { body: { code: key } })).token);
  await look();
}

/** Ends the session here and on the server. */
export async function logOut(): Promise<void> {
  if (session.value?.login?.kind === "session") await client.call("closeSession").catch(() => undefined);
  keep(undefined);
  await look();
}

async function look(): Promise<void> {
  try {
    session.value = await client.call("session");
  } catch (error) {
    const isOver = token.value !== undefined && error instanceof Error && "status" in error && error.status === 401;
    if (!isOver) throw error;
    // The login has ended. What can be read without one still can.
    keep(undefined);
    session.value = await client.call("session");
  }
}

function keep(value: string | undefined): void {
  token.value = value;
  forgetLoaded();
  forgetNoted();
  loginRevision.value++;
  try {
    if (value === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // A browser that keeps nothing is logged in until the page is loaded again.
  }
}

function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

/**
 * Answers that are asked for before anything is drawn. What draws asks for them as if nobody had, and gets what is under way:
 * so the server works while the browser does. Each answer is given out once.
 */
import { noted } from "./heard.ts";

const answers = new Map<string, Promise<Response>>();
/** Longer than any page needs to ask for it; what nobody took until then is let go. */
const KEPT_MS = 5000;

/** Asks for what stands at some paths. @param login goes along with each */
export function askAhead(paths: readonly string[], login: string | undefined): void {
  for (const path of paths) {
    const headers: HeadersInit = login === undefined ? {} : { authorization: `Bearer ${login}` };
    const answer = fetch(path, { headers, credentials: "omit", redirect: "error" });
    // Whoever takes it is told.
    answer.catch(() => undefined);
    answers.set(path, answer);
  }
  setTimeout(() => answers.clear(), KEPT_MS);
}

/** Fetches, or gives what was asked for ahead. */
export function fetchOrTake(path: string, init: RequestInit): Promise<Response> {
  const known = init.method === "GET" ? answers.get(path) : undefined;
  answers.delete(path);
  return known === undefined ? noted(fetch(path, init)) : noted(known, true);
}

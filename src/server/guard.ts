/** What every request has to pass, whoever makes it: rules against pages of others that talk to us through a browser. */
import { failed } from "./api-answers.ts";

const READS = new Set(["GET", "HEAD"]);

/**
 * The answer to a request that is not meant for this server, or that a foreign page makes; `undefined` for all others.
 *
 * @param isOurs whether a host (`name:port`, as in a URL) is one that this server is reached at
 */
export function refusal(request: Request, isOurs: (host: string) => boolean): Response | undefined {
  const url = new URL(request.url);
  // First of all, or a foreign name that resolves to us would make foreign pages our own.
  if (!isOurs(url.host)) return failed(421, "DENIED", "this server is not reached by this name");
  const { headers, method } = request;
  const origin = headers.get("origin");
  if (origin !== null && !isOurOrigin(origin, isOurs)) return foreign();
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return undefined;
  // Links from elsewhere lead to pages; nothing else of ours is for others.
  const isPage =
    READS.has(method) && headers.get("sec-fetch-mode") === "navigate" && !/^\/(api|remote)\//.test(url.pathname);
  return isPage ? undefined : foreign();
}

/** The answer to a request that changes something in a form that a page of others could send. */
export function bodyRefusal(
  request: Request,
  type: "application/json" | "application/octet-stream",
): Response | undefined {
  const { headers } = request;
  const given = headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
  if (given !== type) return failed(415, "USAGE", `the body has to be ${type}`);
  if ((headers.get("content-encoding") ?? "identity") !== "identity") {
    return failed(415, "USAGE", "bodies are not compressed");
  }
  return undefined;
}

function isOurOrigin(origin: string, isOurs: (host: string) => boolean): boolean {
  return /^https?:\/\//.test(origin) && URL.canParse(origin) && isOurs(new URL(origin).host);
}

function foreign(): Response {
  return failed(403, "DENIED", "a page of another origin may not ask this");
}

/** Which hosts a server is reached at. */
export interface HostRules {
  readonly port: number;
  /** Names beside those of this machine's loopback, with or without a port. */
  readonly names: readonly string[];
  /** Whether it listens on more than loopback: then addresses in digits are ours as well, which nobody can point elsewhere. */
  readonly isPublic: boolean;
}

/** The rule for `Host` that follows. */
export function hostRule({ port, names, isPublic }: HostRules): (host: string) => boolean {
  const ours = new Set<string>();
  // URLs leave out the port that is usual for http.
  const withPort = (name: string): string => new URL(`http://${name}:${port}`).host;
  for (const name of ["localhost", "127.0.0.1", "[::1]"]) ours.add(withPort(name));
  for (const name of names) {
    if (/:\d+$/.test(name)) ours.add(new URL(`http://${name}`).host);
    else for (const host of [withPort(name), new URL(`http://${name}`).host]) ours.add(host);
  }
  const digits = /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])(:\d+)?$/;
  return (host) =>
    ours.has(host) || (isPublic && digits.test(host) && (host.replace(digits, "$2") || ":80") === `:${port}`);
}

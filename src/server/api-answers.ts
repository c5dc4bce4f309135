/** Answers of the data API. */
import type { ApiFailure } from "../client/index.ts";
import { ArtifoldError, type ErrorCode, isArtifoldError } from "../errors.ts";
import { randomHex } from "../platform/index.ts";

const BUSY_SECONDS = "1";

/** Said on every answer of the API: for whoever asked, not to be kept, and no page. */
export const apiHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
};

/** Statuses of codes; of all others 500. */
const statuses: { readonly [Code in ErrorCode]?: number } = {
  USAGE: 400,
  NAME_INVALID: 400,
  PATH_INVALID: 400,
  READ_FAILED: 400,
  AMBIGUOUS: 409,
  CONFLICT: 409,
  CLOSED: 409,
  DENIED: 403,
  NOT_FOUND: 404,
  LIMIT: 413,
  BUSY: 503,
  NO_SPACE: 507,
};

/** Codes whose messages may name places and reasons of this machine: the caller hears other words. */
const guarded: { readonly [Code in ErrorCode]?: string } = {
  NO_SPACE: "the disk of the server is full",
  BUSY: "too much at once: come again in a moment",
  READ_FAILED: "what was sent could not be read to its end",
  UNREACHABLE: "the place that has this content cannot be read",
  DAMAGED: "what the store holds of this is damaged: `artifold verify` tells more",
};

/** An answer with a JSON body. */
export function answered(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...apiHeaders, "content-type": "application/json" },
  });
}

/** An answer without a body. */
export function done(): Response {
  return new Response(null, { status: 204, headers: apiHeaders });
}

/** An answer that says why not. */
export function failed(
  status: number,
  code: ErrorCode,
  message: string,
  more: Partial<ApiFailure["error"]> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const { headers, hint = null, happened = "no", id } = more;
  const body: ApiFailure = { error: { code, message, hint, happened, ...(id !== undefined && { id }) } };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...apiHeaders,
      "content-type": "application/json",
      ...((status === 429 || status === 503) && { "retry-after": BUSY_SECONDS }),
      ...headers,
    },
  });
}

/** The error for what is not there, or not for this login: one for both. */
export function absent(what: string): ArtifoldError {
  return new ArtifoldError("NOT_FOUND", `there is no such ${what}`);
}

/**
 * What trouble is to the caller.
 *
 * @param onFault hears of what is the server's own, and the name under which the caller does
 */
export function troubleAnswer(error: unknown, onFault: (error: unknown, id: string) => void): Response {
  // What the place that has some content says is not about what was asked for, and names that place.
  const isFar = isArtifoldError(error) && error.info["remote"] !== undefined;
  const status = isArtifoldError(error) && !isFar ? statuses[error.code] : undefined;
  if (isArtifoldError(error) && status !== undefined) {
    const message = guarded[error.code] ?? error.message;
    // Hints are for the command line, and may speak of it.
    return failed(status, error.code, message, { happened: error.happened });
  }
  const id = randomHex(6);
  onFault(error, id);
  const code = isFar ? "UNREACHABLE" : isArtifoldError(error) ? error.code : "INTERNAL";
  const message = guarded[code] ?? "a fault of this server";
  return failed(500, code, message, { id, happened: isArtifoldError(error) ? error.happened : "unknown" });
}

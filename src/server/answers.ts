/** Answers of the protocol of remotes. */
import { isArtifoldError } from "../errors.ts";
import { PROTOCOL_HEADER, PROTOCOL_VERSION, type WireCode, type WireError, wireCodes } from "../remote/index.ts";

const BUSY_SECONDS = "1";

/** Said on every answer: what is served is bytes, for whoever asked, and no page. */
const always: Readonly<Record<string, string>> = {
  [PROTOCOL_HEADER]: PROTOCOL_VERSION,
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "cross-origin-resource-policy": "same-origin",
};

/** An answer that is a success. */
export function success(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body: Uint8Array | ReadableStream<Uint8Array> | string | null = null,
): Response {
  return new Response(body as ConstructorParameters<typeof Response>[0], {
    status,
    headers: { ...always, ...headers },
  });
}

/** An answer that says why not. */
export function failure(code: WireCode, message: string, headers: Readonly<Record<string, string>> = {}): Response {
  const body: WireError = { code, message };
  return new Response(JSON.stringify(body), {
    status: wireCodes[code].status,
    headers: {
      ...always,
      "content-type": "application/json",
      ...(wireCodes[code].transient && { "retry-after": BUSY_SECONDS }),
      ...headers,
    },
  });
}

/** What trouble of the remote behind the server is to the caller: a code, and nothing of paths, hosts and stacks. */
export function troubleOf(error: unknown): Response {
  if (isArtifoldError(error, "NO_SPACE")) return failure("NO_SPACE", "the place behind this server is full");
  if (isArtifoldError(error, "NOT_FOUND")) return failure("NO_PLACE", "the place behind this server is not there");
  if (isArtifoldError(error, "DAMAGED")) return failure("DAMAGED", "the place behind this server is damaged");
  if (isArtifoldError(error, "LIMIT")) return failure("TOO_LARGE", "the body is too large for the place behind");
  if (isArtifoldError(error, "UNREACHABLE")) return failure("UNREACHABLE", "the place behind this server is away");
  return failure("INTERNAL", "a fault of this server");
}

/** Reads bodies of requests into memory, within limits. */
import { ArtifoldError } from "../errors.ts";

/** Longest JSON body: metadata has at most 1 MiB. */
const JSON_BYTES_MAX = 2 * 1024 * 1024;

/** Reads a request's body of a known length; `undefined` when it has another. */
export async function readBody(request: Request, length: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(length);
  let at = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return length === 0 ? bytes : undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return at === length ? bytes : undefined;
    if (at + value.length > length) {
      await reader.cancel();
      return undefined;
    }
    bytes.set(value, at);
    at += value.length;
  }
}

/** Reads a JSON object; no body is an empty one. @throws ArtifoldError USAGE, LIMIT */
export async function readJson(request: Request): Promise<{ readonly [key: string]: unknown }> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body?.getReader();
  for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
    length += next.value.length;
    if (length > JSON_BYTES_MAX) {
      await reader?.cancel();
      throw new ArtifoldError("LIMIT", `a body of JSON has at most ${JSON_BYTES_MAX} bytes`);
    }
    pieces.push(next.value);
  }
  if (length === 0) return {};
  const value = parse(Buffer.concat(pieces));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as { [key: string]: unknown };
  throw new ArtifoldError("USAGE", "the body is no JSON object");
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ArtifoldError("USAGE", "the body is no JSON", { cause: error });
  }
}

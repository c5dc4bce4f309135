/** AWS Signature Version 4, as "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference has it. */
import { createHash, createHmac } from "node:crypto";

/** Who signs. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What is signed: everything that is here. */
export interface Signable {
  readonly method: string;
  /** As it goes out: every part percent-encoded once. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Names in lower case; `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hex, or UNSIGNED-PAYLOAD. */
  readonly payloadHash: string;
}

/** Where and when a signature holds. */
export interface SigningScope {
  readonly region: string;
  readonly service: string;
  /** As `20130524T000000Z`, and so in the header x-amz-date. */
  readonly date: string;
}

/** SHA-256 of nothing. */
export const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** SHA-256 in hex. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** A time as signatures have it. */
export function signingDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/[:-]|\.\d{3}/g, "");
}

/** Encodes all but the characters that RFC 3986 leaves unreserved. */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A query as it goes out and is signed: sorted, every name with "=". */
export function canonicalQuery(query: Signable["query"]): string {
  return query
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .sort(([one, first], [other, second]) => compare(one, other) || compare(first, second))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** The value of the header `authorization`. */
export function authorizationOf(request: Signable, credentials: AwsCredentials, scope: SigningScope): string {
  const names = Object.keys(request.headers).sort();
  const signedHeaders = names.join(";");
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${(request.headers[name] as string).trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders,
    request.payloadHash,
  ].join("\n");
  const day = scope.date.slice(0, 8);
  const place = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", scope.date, place, sha256(canonical)].join("\n");
  const key = [day, scope.region, scope.service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = hmac(key, toSign).toString("hex");
  return `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

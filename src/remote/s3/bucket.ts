/** Requests to one bucket: signed, sent, and what came back understood as far as all calls have it in common. */
import type { ArtifoldError, ErrorCode, Happened } from "../../errors.ts";
import type { Clock } from "../../platform/index.ts";
import { foreignText, remoteError } from "../errors.ts";
import { type HttpAnswer, type HttpRequest, HttpServer } from "../exchange.ts";
import { retryAfterOf } from "../http.ts";
import type { RemoteCallOptions } from "../remote.ts";
import type { CredentialSource } from "./credentials.ts";
import { authorizationOf, canonicalQuery, EMPTY_HASH, encodeStrictly, sha256, signingDate } from "./sign.ts";
import { parseXml, textOf, type XmlElement } from "./xml.ts";

/** Where a bucket is and who asks. */
export interface BucketPlace {
  /** What errors name. */
  readonly url: string;
  readonly bucket: string;
  readonly region: string;
  readonly endpoint: URL;
  /** `https://endpoint/bucket/key` or `https://bucket.endpoint/key`. */
  readonly style: "path" | "virtual";
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly connectionsMax: number;
  readonly ca?: string | undefined;
}

/** A request to the bucket, or to an object in it. */
export interface BucketRequest extends RemoteCallOptions {
  readonly method: HttpRequest["method"];
  /** The object; without it the bucket. */
  readonly object?: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly answerBytesMax?: number;
}

const ANSWER_BYTES_MAX = 64 * 1024;

/** A bucket. */
export class Bucket {
  readonly url: string;
  readonly #place: BucketPlace;
  readonly #server: HttpServer;
  readonly #host: string;
  readonly #isSecure: boolean;
  /** How far the server's clock is before ours, in milliseconds: signatures go by the server's. */
  #clockAheadMs = 0;

  constructor(place: BucketPlace) {
    const { endpoint, style, bucket, url, connectionsMax, ca } = place;
    this.url = url;
    this.#place = place;
    const origin = new URL(endpoint);
    if (style === "virtual") origin.hostname = `${bucket}.${endpoint.hostname}`;
    this.#host = origin.host;
    this.#isSecure = origin.protocol === "https:";
    this.#server = new HttpServer(origin, { url, connectionsMax, ca });
  }

  /** Whatever status came is an answer, but for those after which the same request, signed anew, may do. */
  async send(request: BucketRequest): Promise<HttpAnswer> {
    const answer = await this.#sendSigned(request);
    if (answer.status !== 403 && answer.status !== 400) return answer;
    if (!this.#adjustClock(errorOf(answer)?.code, answer)) return answer;
    return this.#sendSigned(request);
  }

  close(): void {
    this.#server.close();
  }

  async #sendSigned(request: BucketRequest): Promise<HttpAnswer> {
    const { bucket, region, style, credentials, clock } = this.#place;
    const { method, object, query = [], body, signal, onTraffic } = request;
    const signer = await credentials.get();
    const root = style === "path" ? `/${bucket}` : "";
    // Over TLS the body cannot be changed on the way, and hashing it would halve the speed.
    const payloadHash = body === undefined ? EMPTY_HASH : this.#isSecure ? "UNSIGNED-PAYLOAD" : sha256(body);
    const date = signingDate(clock.now() + this.#clockAheadMs);
    const headers: Record<string, string> = {
      ...request.headers,
      host: this.#host,
      "x-amz-content-sha256": payloadHash,
      "x-amz-date": date,
      ...(signer.sessionToken !== undefined && { "x-amz-security-token": signer.sessionToken }),
    };
    const signable = {
      method,
      path: object === undefined ? root || "/" : `${root}/${object.split("/").map(encodeStrictly).join("/")}`,
      query,
      headers,
      payloadHash,
    };
    const authorization = authorizationOf(signable, signer, { region, service: "s3", date });
    return this.#server.send({
      method,
      path: query.length === 0 ? signable.path : `${signable.path}?${canonicalQuery(query)}`,
      headers: { ...headers, authorization },
      answerBytesMax: request.answerBytesMax ?? ANSWER_BYTES_MAX,
      body,
      signal,
      onTraffic,
    });
  }

  /** Takes over the server's time when it refuses ours; false where that is not the trouble. */
  #adjustClock(code: string | undefined, { headers }: HttpAnswer): boolean {
    if (code !== "RequestTimeTooSkewed" && code !== "RequestExpired") return false;
    const theirs = Date.parse(headers.date ?? "");
    if (Number.isNaN(theirs)) return false;
    const before = this.#clockAheadMs;
    this.#clockAheadMs = theirs - this.#place.clock.now();
    return Math.abs(this.#clockAheadMs - before) > 1000;
  }

  /** Turns an answer that no caller knows what to do with into the error that they give. */
  trouble(answer: HttpAnswer, happened: Happened): ArtifoldError {
    const { status, headers } = answer;
    const { code = "", message = "", region } = errorOf(answer) ?? {};
    const [errorCode, hint] = this.#meaningOf(status, code, region ?? headers["x-amz-bucket-region"]);
    const isTransient = errorCode === "UNREACHABLE";
    const told = foreignText(
      [code, message].filter((each) => each !== "").join(": "),
      this.#place.credentials.secrets(),
    );
    return remoteError(errorCode, this.url, told || `the server answered with status ${status}`, {
      status,
      hint,
      transient: isTransient,
      retryAfterMs: retryAfterOf(answer),
      // A conflict and what is refused did nothing; a server that fails may have done it all the same.
      happened: status >= 500 && status !== 501 && status !== 507 ? happened : "no",
    });
  }

  #meaningOf(status: number, code: string, region: unknown): [ErrorCode, string?] {
    if (/^(XMinioStorageFull|QuotaExceeded|InsufficientStorage|StorageQuotaExceeded)$/.test(code) || status === 507) {
      return ["NO_SPACE", "Make room there and try again: what was transferred stays."];
    }
    if (isWrongRegion(status, code)) {
      const known = typeof region === "string" && /^[a-z0-9-]{1,64}$/.test(region);
      return ["NOT_FOUND", known ? `Add region=${region} to the address.` : "Add the bucket's region to the address."];
    }
    if (code === "NoSuchBucket") return ["NOT_FOUND", "Make the bucket first, or check its name and region."];
    if (code === "SlowDown" || code === "RequestTimeout" || code === "RequestTimeTooSkewed") return ["UNREACHABLE"];
    if (code === "ConditionalRequestConflict" || code === "OperationAborted") return ["UNREACHABLE"];
    if (status === 401 || status === 403 || code === "XAdminUserNotFound" || DENIED_CODES.has(code)) {
      return ["DENIED", "Check the credentials, and what they allow on this bucket."];
    }
    if (status === 501) return ["DENIED", "This server does not know how to create only what is absent."];
    if (status === 429 || status === 408 || status >= 500) return ["UNREACHABLE"];
    return ["DAMAGED"];
  }
}

const DENIED_CODES = new Set(["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "TokenRefreshRequired"]);

function isWrongRegion(status: number, code: string): boolean {
  return (
    (status >= 301 && status <= 308) ||
    code === "AuthorizationHeaderMalformed" ||
    code === "IllegalLocationConstraintException"
  );
}

/** What an error's body says. */
export interface BucketError {
  readonly code: string;
  readonly message: string;
  readonly region: string | undefined;
}

/** The error in a body; `undefined` when it has none, as a page of a proxy. */
export function errorOf({ body }: HttpAnswer): BucketError | undefined {
  return errorIn(parseXml(body));
}

/** The error that an element is. */
export function errorIn(element: XmlElement | undefined): BucketError | undefined {
  if (element?.name !== "Error") return undefined;
  const code = textOf(element, "Code") ?? "";
  return { code, message: textOf(element, "Message") ?? "", region: textOf(element, "Region") };
}

/**
 * The S3 remote: a bucket, or what begins with a prefix in one, of any server that speaks S3.
 *
 * A create is a PUT with `If-None-Match: *`, or an upload in parts that is completed with it. Not every server heeds the
 * condition, and none can be asked whether it does: `checkRemote` tries.
 */
import { checkedRemote } from "../checked.ts";
import { remoteError } from "../errors.ts";
import type { HttpAnswer } from "../exchange.ts";
import { keyProblem } from "../key.ts";
import {
  BODY_BYTES_MAX,
  type ListedKey,
  type Remote,
  type RemoteCallOptions,
  type RemoteRange,
  type RemoteTraits,
} from "../remote.ts";
import { parseContentRange } from "../wire.ts";
import { Bucket, type BucketPlace, errorOf } from "./bucket.ts";
import { createInParts, MULTIPART_BYTES } from "./multipart.ts";
import { parseXml, textOf, type XmlElement } from "./xml.ts";

/** What is served of a bucket. */
export interface S3Place extends BucketPlace {
  /** Begins all objects, without "/" at its ends; may be empty. */
  readonly prefix: string;
  /** `"one"`: the caller knows that nobody else writes; the condition is then looked after here. */
  readonly writers: "many" | "one";
}

/** Keys in one answer of a list. */
const LIST_KEYS_MAX = 1000;
const LIST_BYTES_MAX = 8 * 1024 * 1024;
/** Pages in a row that bring nothing and say that there are more: a list that does not end. */
const EMPTY_PAGES_MAX = 1000;

/** Opens it. Nothing is sent before the first call. */
export function s3Remote(place: S3Place): Remote {
  return checkedRemote(new S3Remote(place));
}

class S3Remote implements Remote {
  readonly url: string;
  readonly traits: RemoteTraits;
  readonly #bucket: Bucket;
  readonly #base: string;
  readonly #writers: "many" | "one";

  constructor(place: S3Place) {
    this.url = place.url;
    this.#bucket = new Bucket(place);
    this.#base = place.prefix === "" ? "" : `${place.prefix}/`;
    this.#writers = place.writers;
    const isAmazon = /(^|\.)amazonaws\.com(\.cn)?$/.test(place.endpoint.hostname);
    this.traits = {
      concurrency: 32,
      bodyBytesMax: BODY_BYTES_MAX,
      requestBytes: 1024 * 1024,
      creates: place.writers === "one" ? "by one writer" : isAmazon ? "always" : "unknown",
      durable: "promised",
    };
  }

  async read(key: string, range?: RemoteRange, options?: RemoteCallOptions): Promise<Uint8Array | undefined> {
    const object = this.#base + key;
    if (range === undefined) {
      const answer = await this.#bucket.send({ method: "GET", object, answerBytesMax: BODY_BYTES_MAX, ...options });
      if (answer.status === 200) return answer.body;
      if (isAbsent(answer)) return undefined;
      throw this.#bucket.trouble(answer, "no");
    }
    // HTTP has no range of nothing: its first byte tells as well whether the key is there.
    const [first, length] = range.length === 0 ? [0, 1] : [range.offset, range.length];
    const headers = { range: `bytes=${first}-${first + length - 1}` };
    const answer = await this.#bucket.send({ method: "GET", object, headers, answerBytesMax: length, ...options });
    if (isAbsent(answer)) return undefined;
    if (answer.status === 416) return new Uint8Array();
    // To a range of an object without bytes some servers answer with all of it.
    if (answer.status === 200 && answer.body.length === 0) return new Uint8Array();
    if (answer.status !== 206) {
      if (answer.status === 200) throw remoteError("DAMAGED", this.url, "the server does not heed ranges");
      throw this.#bucket.trouble(answer, "no");
    }
    const given = parseContentRange(answer.headers["content-range"]);
    const isRight = given?.first === first && given.last < first + length;
    if (given === undefined || !isRight || given.last - first + 1 !== answer.body.length) {
      throw remoteError("DAMAGED", this.url, "the server answered with another range than was asked for");
    }
    return range.length === 0 ? new Uint8Array() : answer.body;
  }

  async create(key: string, bytes: Uint8Array, options: RemoteCallOptions = {}): Promise<"created" | "exists"> {
    const object = this.#base + key;
    const isLarge = bytes.length >= MULTIPART_BYTES;
    // Of a large body the condition would be looked at when all of it is there. The only writer looks first anyway.
    if (isLarge || this.#writers === "one") {
      if ((await this.read(key, { offset: 0, length: 0 }, options)) !== undefined) return "exists";
    }
    const condition: Record<string, string> = this.#writers === "one" ? {} : { "if-none-match": "*" };
    if (isLarge) {
      return (await createInParts(this.#bucket, object, bytes, condition, options)) ? "created" : "exists";
    }
    const answer = await this.#bucket.send({
      method: "PUT",
      object,
      headers: { ...condition, "content-type": "application/octet-stream" },
      body: bytes,
      ...options,
    });
    if (answer.status === 200) return "created";
    if (answer.status === 412) return "exists";
    throw this.#bucket.trouble(answer, "unknown");
  }

  async *list(prefix: string, after = "", options: RemoteCallOptions = {}): AsyncGenerator<ListedKey, void, undefined> {
    let last = "";
    let emptyPages = 0;
    for (let token: string | undefined; ; ) {
      const page = await this.#page(prefix, after, token, options);
      for (const { key, size } of page.objects) {
        if (!key.startsWith(this.#base + prefix) || key <= last) {
          throw remoteError("DAMAGED", this.url, "the server lists what was not asked for, or not in order");
        }
        last = key;
        const ours = key.slice(this.#base.length);
        // Other programs may keep objects here too; and not every server heeds where a list begins.
        if (ours > after && keyProblem(ours) === undefined) yield { key: ours, size };
      }
      if (page.next === undefined) return;
      emptyPages = page.objects.length === 0 ? emptyPages + 1 : 0;
      if (emptyPages > EMPTY_PAGES_MAX || page.next === token) {
        throw remoteError("DAMAGED", this.url, "the server gives a list that does not end");
      }
      token = page.next;
    }
  }

  async #page(
    prefix: string,
    after: string,
    token: string | undefined,
    options: RemoteCallOptions,
  ): Promise<{ objects: readonly ListedKey[]; next: string | undefined }> {
    const start = after === "" ? [] : [["start-after", this.#base + after] as const];
    const answer = await this.#bucket.send({
      method: "GET",
      query: [
        ["list-type", "2"],
        ["max-keys", `${LIST_KEYS_MAX}`],
        ["prefix", this.#base + prefix],
        ...(token === undefined ? start : [["continuation-token", token] as const]),
      ],
      answerBytesMax: LIST_BYTES_MAX,
      ...options,
    });
    if (answer.status !== 200) throw this.#bucket.trouble(answer, "no");
    const root = parseXml(answer.body);
    const isTruncated = textOf(root, "IsTruncated");
    const next = textOf(root, "NextContinuationToken");
    const objects = root?.children.filter(({ name }) => name === "Contents").map(objectOf) ?? [];
    const isWhole = isTruncated === "false" || (isTruncated === "true" && !!next);
    if (root?.name !== "ListBucketResult" || !isWhole || objects.includes(undefined)) {
      throw remoteError("DAMAGED", this.url, "the server answered with a list that is none");
    }
    return { objects: objects as ListedKey[], next: isTruncated === "true" ? next : undefined };
  }

  async delete(key: string, options?: RemoteCallOptions): Promise<void> {
    const answer = await this.#bucket.send({ method: "DELETE", object: this.#base + key, ...options });
    if (answer.status === 204 || answer.status === 200 || isAbsent(answer)) return;
    throw this.#bucket.trouble(answer, "unknown");
  }

  async close(): Promise<void> {
    this.#bucket.close();
  }
}

/** Only the server's own word counts: a page of a proxy is no proof that a key is not there. */
function isAbsent(answer: HttpAnswer): boolean {
  return answer.status === 404 && errorOf(answer)?.code === "NoSuchKey";
}

function objectOf(contents: XmlElement): ListedKey | undefined {
  const [key, size] = [textOf(contents, "Key"), Number(textOf(contents, "Size") || Number.NaN)];
  return key !== undefined && Number.isSafeInteger(size) && size >= 0 ? { key, size } : undefined;
}

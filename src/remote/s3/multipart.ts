/** Large bodies in parts, which come to be one object with the last request, or none. */
import { remoteError } from "../errors.ts";
import type { RemoteCallOptions } from "../remote.ts";
import { tryAgain } from "../retry.ts";
import { type Bucket, errorIn, errorOf } from "./bucket.ts";
import { parseXml, textOf } from "./xml.ts";

/** Bodies from this length on go in parts. */
export const MULTIPART_BYTES: number = 16 * 1024 * 1024;
/** Length of a part, but the last. S3 takes no shorter ones than 5 MiB. */
export const PART_BYTES: number = 8 * 1024 * 1024;

const PARTS_AT_ONCE = 4;

/**
 * Creates an object from parts. Whatever goes wrong, the parts are taken away again as far as the server can be reached.
 *
 * @param condition headers of the request that makes the object
 * @returns false when there is one already
 */
export async function createInParts(
  bucket: Bucket,
  object: string,
  bytes: Uint8Array,
  condition: Readonly<Record<string, string>>,
  options: RemoteCallOptions,
): Promise<boolean> {
  const begun = await bucket.send({ method: "POST", object, query: [["uploads", ""]], ...options });
  const uploadId = begun.status === 200 ? textOf(parseXml(begun.body), "UploadId") : undefined;
  if (!uploadId) throw bucket.trouble(begun, "no");
  let isMade = false;
  try {
    const tags = await sendParts(bucket, object, uploadId, bytes, options);
    isMade = await complete(bucket, object, uploadId, tags, condition, options);
    return isMade;
  } finally {
    if (!isMade) await abandon(bucket, object, uploadId);
  }
}

/** Sends the parts, some at once, and gives their tags in order. A part that fails in passing is sent again alone. */
async function sendParts(
  bucket: Bucket,
  object: string,
  uploadId: string,
  bytes: Uint8Array,
  options: RemoteCallOptions,
): Promise<string[]> {
  const tags: string[] = new Array(Math.ceil(bytes.length / PART_BYTES));
  const failed = new AbortController();
  const stop = (): void => failed.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", stop);
  const call = { ...options, signal: failed.signal };
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < tags.length) {
      const part = next++;
      const body = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES);
      const query = [
        ["partNumber", `${part + 1}`],
        ["uploadId", uploadId],
      ] as const;
      tags[part] = await tryAgain(async () => {
        const answer = await bucket.send({ method: "PUT", object, query, body, ...call });
        const { etag } = answer.headers;
        if (answer.status !== 200) throw bucket.trouble(answer, "no");
        if (!etag) throw remoteError("DAMAGED", bucket.url, "the server took a part and gave no tag for it");
        return etag;
      }, call);
    }
  };
  try {
    await Promise.all(Array.from({ length: PARTS_AT_ONCE }, work));
  } catch (error) {
    // The others are of no use any more.
    failed.abort(error);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
  return tags;
}

async function complete(
  bucket: Bucket,
  object: string,
  uploadId: string,
  tags: readonly string[],
  condition: Readonly<Record<string, string>>,
  options: RemoteCallOptions,
): Promise<boolean> {
  const parts = tags.map(
    (tag, part) => `<Part><PartNumber>${part + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`,
  );
  const answer = await bucket.send({
    method: "POST",
    object,
    query: [["uploadId", uploadId]],
    headers: { ...condition, "content-type": "application/xml" },
    body: new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`),
    ...options,
  });
  // The status goes out before the work is done: an error may come with 200 (rule R27).
  const root = parseXml(answer.body);
  if (answer.status === 200 && root?.name === "CompleteMultipartUploadResult") return true;
  const code = errorIn(root)?.code ?? errorOf(answer)?.code;
  if (answer.status === 412 || code === "PreconditionFailed") return false;
  // An upload that is gone was completed by a request whose answer was lost, or taken away by somebody.
  if (answer.status === 200 || code === "NoSuchUpload") {
    throw remoteError("UNREACHABLE", bucket.url, `the parts were not joined: ${code ?? "no reason was given"}`, {
      status: answer.status,
      happened: "unknown",
      transient: true,
    });
  }
  throw bucket.trouble(answer, "unknown");
}

async function abandon(bucket: Bucket, object: string, uploadId: string): Promise<void> {
  try {
    const signal = AbortSignal.timeout(10_000);
    await bucket.send({ method: "DELETE", object, query: [["uploadId", uploadId]], signal });
  } catch {
    // Another error is on its way to the caller. A bucket can have a rule that removes parts that nobody joins.
  }
}

function escaped(tag: string): string {
  return tag.replace(/[&<>]/g, (each) => `&#${each.charCodeAt(0)};`);
}

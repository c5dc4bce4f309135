/** Routes that give content: a file, or part of it, and folders as archives. */
import { ArtifoldError } from "../../errors.ts";
import { absent, apiHeaders, failed } from "../api-answers.ts";
import { tarOf, ZIP_ENTRIES_MAX, zipOf } from "../archives.ts";
import { type RouteCode, type RouteCodes, route } from "../call.ts";
import { openVersion } from "../finding.ts";
import { askedRange, attachment, contentHeaders, shownType } from "../media.ts";
import { flag, optionalText, requiredText, textOrEmpty, word } from "../queries.ts";

const file: RouteCode<"file"> = route({ path: requiredText, inline: flag, ticket: optionalText }, async (call) => {
  const { query, request, signal } = call;
  const version = openVersion(call);
  const entry = await version.entry(query.path);
  if (entry?.kind !== "file") throw absent("file");
  const type = query.inline ? shownType(entry.path) : undefined;
  if (query.inline && type === undefined) {
    return failed(415, "USAGE", "a file of this kind is not shown, only downloaded");
  }
  const { size } = entry;
  const etag = `"${entry.digest}"`;
  const headers = {
    ...contentHeaders(type, entry.path.slice(entry.path.lastIndexOf("/") + 1)),
    // The same path of the same version is the same content for ever; only whether one may read it is to be asked.
    "cache-control": "private, no-cache",
    "accept-ranges": "bytes",
    etag,
  };
  const known = request.headers
    .get("if-none-match")
    ?.split(",")
    .map((each) => each.trim().replace(/^W\//, ""));
  if (known?.some((each) => each === etag || each === "*")) return new Response(null, { status: 304, headers });
  const wanted = request.headers.get("range");
  const condition = request.headers.get("if-range");
  const range = wanted === null || (condition !== null && condition !== etag) ? undefined : askedRange(wanted, size);
  if (range === "none") {
    return failed(416, "USAGE", "a range is one, and begins within the file", {
      headers: { "content-range": `bytes */${size}` },
    });
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  const stream = version.stream(entry.path, { start: first, end: last + 1, signal });
  const body = request.method === "HEAD" ? stream : await begun(stream);
  return new Response(body as ConstructorParameters<typeof Response>[0], {
    status: range === undefined ? 200 : 206,
    headers: {
      ...headers,
      "content-length": String(last - first + 1),
      ...(range !== undefined && { "content-range": `bytes ${first}-${last}/${size}` }),
    },
  });
});

/**
 * A stream whose first piece is there: content that is damaged, or lies where nobody answers, is told of while there still can be
 * an answer.
 */
async function begun(stream: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let first: Awaited<ReturnType<typeof reader.read>> | undefined = await reader.read();
  return new ReadableStream<Uint8Array>(
    {
      async pull(to) {
        const { done, value } = first ?? (await reader.read());
        first = undefined;
        if (done) to.close();
        else to.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

const archive: RouteCode<"archive"> = route(
  { format: word<"zip" | "tar">(["zip", "tar"], undefined), folder: textOrEmpty, ticket: optionalText },
  async (call) => {
    const { query, signal } = call;
    const version = openVersion(call);
    const folder = query.folder.replace(/^\/+|\/+$/g, "");
    const { entries } = await version.below(folder);
    if (entries === 0 && folder !== "" && (await version.entry(folder))?.kind !== "folder") throw absent("folder");
    if (query.format === "zip" && entries > ZIP_ENTRIES_MAX) {
      throw new ArtifoldError("LIMIT", `a zip has at most ${ZIP_ENTRIES_MAX} files here: take a tar`);
    }
    const place = folder === "" ? "" : `-${folder.slice(folder.lastIndexOf("/") + 1)}`;
    const headers = {
      ...apiHeaders,
      "content-type": query.format === "zip" ? "application/zip" : "application/x-tar",
      "content-disposition": attachment(`${version.name}-${version.version}${place}.${query.format}`),
    };
    const make = query.format === "zip" ? zipOf : tarOf;
    return new Response(make(version, folder, signal) as ConstructorParameters<typeof Response>[0], { headers });
  },
);

/** Routes that give content. */
export const fileRoutes: RouteCodes<"file" | "archive"> = {
  file,
  archive,
};

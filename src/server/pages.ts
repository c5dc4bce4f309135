/** The pages: the files of the application, and its one page for all addresses that are pages. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { type Digest, hashContent } from "../digest/index.ts";
import { type FileSystem, kindOf, namesIn, nodeFileSystem, readWholeFile } from "../platform/index.ts";
import { segmentsOf } from "./routing.ts";

/** What pages may do: their own scripts and styles, and nothing from or to anywhere else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");

const pageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".txt": "text/plain; charset=utf-8",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** Beginnings of paths that are no pages: what is not there is not there. */
const NO_PAGES = new Set(["api", "remote", "assets", "health", "favicon.ico", "robots.txt", ".well-known"]);
/** Files of the application that are read at all, and how long they may be. */
const FILES_MAX = 2000;
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Of brotli: from 8 on whoever asks first waits several times longer, for some hundred bytes. */
const QUALITY = 7;

type Encoding = "br" | "gzip";

interface AppFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** Compressed when somebody first asks. */
  readonly compressed: Map<Encoding, Promise<Uint8Array>>;
}

/** The folder that the build puts the application into. */
export function builtPages(): string {
  const here = path.dirname(fileURLToPath(import.meta.url));
  const beside = path.join(here, "web");
  return nodeFileSystem.lookAt(beside) === undefined ? path.join(here, "../../dist/web") : beside;
}

/** Serves the application. */
export class Pages {
  /** By their paths, as in "/assets/main.js": no path of a request ever becomes one of the disk. */
  readonly #files: ReadonlyMap<string, AppFile>;

  /** @param folder of the application; one that is not there has no pages */
  constructor(fs: FileSystem, folder: string) {
    this.#files = new Map(fs.lookAt(folder) === undefined ? [] : readFiles(fs, folder, "/"));
  }

  /** Answers a request that is none of the API's. */
  async answer(request: Request): Promise<Response> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plain(405, "This is a page: it can only be read.", { allow: "GET, HEAD" });
    }
    const { pathname } = new URL(request.url);
    const file = this.#files.get(pathname);
    if (file !== undefined) return send(request, file, pathname.startsWith("/assets/"));
    const segments = pathname === "/" ? [] : segmentsOf(pathname.replace(/\/$/, ""));
    if (segments === undefined || NO_PAGES.has(segments[0] ?? "")) return plain(404, "There is nothing here.");
    const page = this.#files.get("/index.html");
    if (page === undefined) return plain(503, "The pages are not part of this installation; the data is at /api/.");
    return send(request, page, false);
  }
}

/** @param isNamed whether its name changes with its content, so that it can be kept for ever */
async function send(request: Request, file: AppFile, isNamed: boolean): Promise<Response> {
  const etag = `"${file.digest.slice(0, 32)}"`;
  const encoding = file.bytes.length < 1024 ? undefined : encodingOf(request, file.type);
  const headers = {
    ...pageHeaders,
    "content-type": file.type,
    "cache-control": isNamed ? "public, max-age=31536000, immutable" : "no-cache",
    etag,
    vary: "accept-encoding",
  };
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  const bytes = encoding === undefined ? file.bytes : await compressed(file, encoding);
  return new Response((request.method === "HEAD" ? null : bytes) as ConstructorParameters<typeof Response>[0], {
    headers: {
      ...headers,
      "content-length": String(bytes.length),
      ...(encoding !== undefined && { "content-encoding": encoding }),
    },
  });
}

function encodingOf(request: Request, type: string): Encoding | undefined {
  if (!/^text\/|json|svg|wasm/.test(type)) return undefined;
  const accepted = (request.headers.get("accept-encoding") ?? "").split(",").map((each) => each.trim().split(";")[0]);
  return (["br", "gzip"] as const).find((encoding) => accepted.includes(encoding));
}

function compressed(file: AppFile, encoding: Encoding): Promise<Uint8Array> {
  const known = file.compressed.get(encoding);
  if (known !== undefined) return known;
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: file.bytes.length };
  const made = encoding === "br" ? promisify(brotliCompress)(file.bytes, { params }) : promisify(gzip)(file.bytes);
  file.compressed.set(encoding, made);
  return made;
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...pageHeaders, "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", ...headers },
  });
}

function* readFiles(fs: FileSystem, folder: string, at: string): Generator<[string, AppFile]> {
  let count = 0;
  for (const name of namesIn(fs, folder)) {
    const place = path.join(folder, name);
    const stat = fs.lookAt(place);
    if (stat === undefined) continue;
    if (kindOf(stat) === "folder") yield* readFiles(fs, place, `${at}${name}/`);
    const type = types[path.extname(name)];
    if (kindOf(stat) !== "file" || type === undefined || stat.size > FILE_BYTES_MAX || ++count > FILES_MAX) continue;
    const bytes = readWholeFile(fs, place);
    if (bytes === undefined) continue;
    yield [`${at}${name}`, { type, bytes, digest: hashContent(bytes), compressed: new Map() }];
  }
}

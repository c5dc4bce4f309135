/** Node's messages as requests and responses of the web, and back. */
import type http from "node:http";
import { Breather } from "../platform/index.ts";

const DISCARD_MS = 5_000;

const METHODS = new Set(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]);

/**
 * What is wrong with what a request is for; `undefined` when nothing is. Looked at before a URL is made of it, which would
 * quietly turn such paths into others (rule S8).
 */
export function targetProblem({ method = "", url = "", headers }: http.IncomingMessage): string | undefined {
  if (!METHODS.has(method)) return "the method is not known";
  const path = url.split("?", 1)[0] as string;
  if (!path.startsWith("/")) return "the target is no path";
  if (/[\\\0#]/.test(path) || /%(2f|5c|2e|00|25)/i.test(path)) return "the path has characters in disguise";
  if (/\/(\.{0,2})(?=\/|$)/.test(path.replace(/\/$/, ""))) return "the path has empty parts or dots";
  return isHost(headers.host ?? "") && URL.canParse(url, `http://${headers.host}`) ? undefined : "the host is none";
}

/** Whether it is a name or an address, with or without a port, and nothing that a URL would take for another part. */
function isHost(text: string): boolean {
  return /^(\[[0-9a-f:.]+\]|[^\s/?#@\\:[\]]+)(:\d*)?$/i.test(text);
}

/** The request of the web that an incoming message is. Its signal is aborted when the caller goes away. */
export function requestOf(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Request {
  const { method = "GET", url = "/", headersDistinct, headers } = incoming;
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) gone.abort(new Error("the caller went away"));
  });
  const hasBody = method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
  const pairs = Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  return new Request(new URL(url, `http://${headers.host}`), {
    method,
    headers: pairs,
    signal: gone.signal,
    ...(hasBody && { body: bodyOf(incoming), duplex: "half" }),
  } as RequestInit);
}

/** The body as a stream that does not touch the message before it is read. */
function bodyOf(incoming: http.IncomingMessage): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        pieces ??= incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
        const next = await pieces.next();
        if (next.done === true) stream.close();
        else stream.enqueue(next.value);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Sends a response, no faster than it is taken. */
export async function sendResponse(
  response: Response,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
): Promise<void> {
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  const isUnread = !incoming.complete;
  if (isUnread) {
    outgoing.setHeader("connection", "close");
    letRunOut(incoming);
  }
  if (response.body !== null && incoming.method !== "HEAD") {
    const reader = response.body.getReader();
    const breather = new Breather();
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        await write(outgoing, next.value);
        // What the system takes at once gives nobody else a turn.
        if (breather.dueAfterLong()) await breather.pause();
      }
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }
  // Its caller went away, and no event will come of it any more.
  if (outgoing.destroyed) return;
  await new Promise<void>((resolve, reject) => {
    outgoing.once("close", resolve);
    outgoing.once("error", reject);
    outgoing.end(resolve);
  });
}

/**
 * Lets what nobody will read run out for a while when the answer is out, and then ends the connection. node:http would end it at
 * once: it would be reset, and the caller, still sending, might never see the answer.
 */
function letRunOut(incoming: http.IncomingMessage): void {
  const { socket } = incoming;
  const end = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    socket.end();
    const timer = setTimeout(() => socket.destroy(), DISCARD_MS);
    socket.once("close", () => clearTimeout(timer));
    incoming.once("end", end);
    incoming.resume();
  };
}

function write(outgoing: http.ServerResponse, bytes: Uint8Array): Promise<void> {
  if (outgoing.destroyed) throw new Error("the caller went away");
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error("the caller went away"));
    outgoing.once("close", gone);
    outgoing.write(bytes, (error) => {
      outgoing.off("close", gone);
      if (error == null) resolve();
      else reject(error);
    });
  });
}

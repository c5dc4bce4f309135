/** The smallest server around a handler: node:http, with limits on time and size. */
import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { failure } from "./answers.ts";
import { ConnectionTurns } from "./connection-turns.ts";
import { requestOf, sendResponse, targetProblem } from "./node-messages.ts";

/** How to serve. */
export interface ServeOptions {
  /** Address to listen on. Default 127.0.0.1: nobody else's. */
  readonly host?: string | undefined;
  /** Default 0: any that is free. */
  readonly port?: number | undefined;
  readonly connectionsMax?: number | undefined;
  /** Time for the head of a request, in milliseconds. Default 60 s. */
  readonly headMs?: number | undefined;
  /** How long nothing may move on a connection, in milliseconds, at work too. Default 2 minutes. */
  readonly stallMs?: number | undefined;
  /** Bytes a second that the body of a request comes at least with. Default 16 KiB. */
  readonly bodyBytesPerSecond?: number | undefined;
  /** Time that it may take beside that, in milliseconds. Default a minute. */
  readonly bodyGraceMs?: number | undefined;
  /** Hears faults of the handler. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A server that runs. */
export interface RunningServer {
  /** Its address: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Takes no more requests, lets those that run end, and after the grace ends them. */
  close(graceMs?: number): Promise<void>;
}

const REQUESTS_PER_CONNECTION_MAX = 100_000;

/** Listens. */
export async function serve(
  handler: (request: Request) => Promise<Response>,
  options: ServeOptions = {},
): Promise<RunningServer> {
  const { host = "127.0.0.1", port = 0, onError = () => undefined } = options;
  const server = http.createServer({
    headersTimeout: options.headMs ?? 60_000,
    // Bodies may be large: they have a rate to keep instead of a time.
    requestTimeout: 0,
    keepAliveTimeout: 30_000,
    connectionsCheckingInterval: 5_000,
  });
  server.timeout = options.stallMs ?? 120_000;
  server.maxConnections = options.connectionsMax ?? 1024;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX;
  const turns = new ConnectionTurns();
  let isClosing = false;
  server.on("request", (incoming, outgoing) => {
    const length = Number(incoming.headers["content-length"] ?? 0);
    const rate = options.bodyBytesPerSecond ?? 16 * 1024;
    const bodyMs = (options.bodyGraceMs ?? 60_000) + (length / rate) * 1000;
    const last = async (request: Request): Promise<Response> => {
      const response = await handler(request);
      // Also for those that came before: their connections are not kept for more.
      if (isClosing) outgoing.setHeader("connection", "close");
      return response;
    };
    const failed = (error: unknown): void => {
      // Where an answer was begun, cutting it off is the only way left to say that it is not whole.
      outgoing.destroy();
      if (!incoming.errored) onError(error);
    };
    void turns.take(incoming.socket, () => answer(incoming, outgoing, last, bodyMs).catch(failed));
  });
  server.on("clientError", refuseBroken);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${listening}`,
    close: (graceMs = 10_000) => {
      isClosing = true;
      return new Promise<void>((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}

async function answer(
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
  handler: (request: Request) => Promise<Response>,
  bodyMs: number,
): Promise<void> {
  const problem = targetProblem(incoming);
  if (problem !== undefined) return sendResponse(failure("BAD_REQUEST", problem), incoming, outgoing);
  // A length that a timer cannot hold is refused by whoever reads the body.
  const timer = setTimeout(() => incoming.destroy(), Math.min(bodyMs, 2 ** 31 - 1));
  incoming.once("end", () => clearTimeout(timer));
  try {
    await sendResponse(await handler(requestOf(incoming, outgoing)), incoming, outgoing);
  } finally {
    clearTimeout(timer);
  }
}

/** What is no HTTP, or takes too long to be, gets a status and the door. */
function refuseBroken(error: Error & { code?: string }, socket: Socket): void {
  const status = {
    HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
    ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  }[error.code ?? ""];
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status ?? "400 Bad Request"}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** A server that answers each request with bytes of the test's choice, whatever HTTP says of them. */
import net from "node:net";
import { inspect } from "node:util";
import { afterEach } from "vitest";

const servers: { server: net.Server; sockets: Set<net.Socket> }[] = [];
afterEach(() => {
  for (const { server, sockets } of servers.splice(0)) {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
});

/** What a request got: bytes, or whatever else is done with the connection. */
export type RawAnswer = string | Uint8Array | ((socket: net.Socket) => void);

export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** The heads of the requests that came. */
  readonly heads: string[];
}

/** Answers the requests in order; the last answer serves all that follow. Connections are closed behind each answer. */
export async function rawServer(...answers: RawAnswer[]): Promise<RawServer> {
  const sockets = new Set<net.Socket>();
  const heads: string[] = [];
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    let received = "";
    socket.on("data", (piece) => {
      received += piece.toString("latin1");
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (received.length < end + 4 + length) return;
      heads.push(received.slice(0, end));
      received = "";
      const answer = answers[Math.min(heads.length, answers.length) - 1] ?? "";
      if (typeof answer === "function") answer(socket);
      else socket.end(answer);
    });
  });
  servers.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, heads };
}

/** An answer with a body of its right length. */
export function answer(status: number, headers: Record<string, string> = {}, body = ""): string {
  const lines = Object.entries({ "content-length": `${Buffer.byteLength(body)}`, connection: "close", ...headers });
  return `HTTP/1.1 ${status} Some Reason\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

/** All that an error shows, its causes and hidden fields too. */
export function allOf(error: unknown): string {
  return inspect(error, { depth: 20, showHidden: true, maxStringLength: null }) + JSON.stringify(error);
}

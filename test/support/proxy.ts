/** A TCP proxy on the loopback that does to connections what a bad network does. */
import net from "node:net";
import { afterAll } from "vitest";

/** What is done to one connection. Bytes are counted per direction from its beginning. */
export interface ConnectionFate {
  /** Resets the connection when so many bytes have gone up (to the server) or come down. */
  readonly cutUpAt?: number;
  readonly cutDownAt?: number;
  /** Ends it without an error instead: what follows is simply missing. */
  readonly isPolite?: boolean;
  /** Passes pieces on after so many milliseconds. */
  readonly delayMs?: number;
  /** Cuts pieces into such of so many bytes. */
  readonly pieceBytes?: number;
  /** Sends all that went up once more, on a connection of its own, and throws the answer away. */
  readonly isRepeated?: boolean;
}

export interface Proxy {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
}

const open: net.Server[] = [];
const sockets = new Set<net.Socket>();
afterAll(() => {
  for (const server of open.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
});

/** Starts one before a port. Each new connection gets the fate that `fateOf` gives to its number, from 0. */
export async function proxy(target: number, fateOf: (connection: number) => ConnectionFate): Promise<Proxy> {
  let connections = 0;
  const server = net.createServer((client) => {
    const upstream = net.connect({ port: target, host: "127.0.0.1", noDelay: true });
    client.setNoDelay(true);
    join(client, upstream, fateOf(connections++), target);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    get connections() {
      return connections;
    },
  };
}

function join(client: net.Socket, upstream: net.Socket, fate: ConnectionFate, target: number): void {
  const { isPolite = false, isRepeated = false } = fate;
  for (const socket of [client, upstream]) {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      client.destroy();
      upstream.destroy();
    });
  }
  const cut = (): void => {
    if (isPolite) {
      client.end();
      upstream.end();
    } else {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
  };
  const again = isRepeated ? net.connect({ port: target, host: "127.0.0.1" }) : undefined;
  again?.on("error", () => undefined).resume();
  if (again !== undefined) sockets.add(again);
  pass(client, upstream, fate.cutUpAt, fate, cut, (piece) => again?.write(piece));
  pass(upstream, client, fate.cutDownAt, fate, cut);
}

/** Passes bytes on in order, one piece after the other, until the place where the connection is cut. */
function pass(
  from: net.Socket,
  to: net.Socket,
  cutAt: number | undefined,
  { delayMs = 0, pieceBytes }: ConnectionFate,
  cut: () => void,
  onPiece?: (piece: Buffer) => void,
): void {
  let passed = 0;
  let last = Promise.resolve();
  from.on("data", (data: Buffer) => {
    from.pause();
    last = last.then(async () => {
      const step = pieceBytes ?? data.length;
      for (let at = 0; at < data.length; at += step) {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
        const piece = data.subarray(at, Math.min(at + step, data.length));
        const room = (cutAt ?? Number.POSITIVE_INFINITY) - passed;
        if (!to.destroyed) to.write(piece.length > room ? piece.subarray(0, room) : piece);
        onPiece?.(piece);
        passed += piece.length;
        if (passed >= (cutAt ?? Number.POSITIVE_INFINITY)) return cut();
      }
      from.resume();
    });
  });
  from.on("end", () => void last.then(() => to.end()));
}

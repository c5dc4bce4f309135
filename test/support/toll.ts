/** A TCP proxy on the loopback that counts what passes, and at a place of a test's choice lets nothing more through. */
import net from "node:net";
import { afterAll } from "vitest";

/** A moment: so many bytes have gone up (to the server) or come down. */
export interface Moment {
  readonly way: "up" | "down";
  readonly at: number;
}

const tolls = new Set<Toll>();
afterAll(() => {
  for (const toll of tolls) toll.close();
});

/** The proxy before one server. */
export class Toll {
  /** Bytes that passed since it was last opened. */
  passed: { up: number; down: number } = { up: 0, down: 0 };
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #moment: Moment | undefined;
  #onMoment: () => void = () => undefined;
  #isShut = false;

  private constructor(target: number) {
    this.#server = net.createServer((client) => {
      const upstream = net.connect({ port: target, host: "127.0.0.1", noDelay: true });
      client.setNoDelay(true);
      this.#join(client, upstream);
    });
    tolls.add(this);
  }

  /** Starts one before a port. */
  static async before(target: number): Promise<Toll> {
    const toll = new Toll(target);
    await new Promise<void>((resolve) => toll.#server.listen(0, "127.0.0.1", resolve));
    return toll;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Lets everything through, and counts anew; at the moment it calls, and from that byte on lets nothing through. */
  open(moment?: Moment, onMoment: () => void = () => undefined): void {
    this.passed = { up: 0, down: 0 };
    this.#moment = moment;
    this.#onMoment = onMoment;
    this.#isShut = false;
  }

  /** Settles when all connections have ended: then the server has done all that it will do of what came to it. */
  async quiet(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve))));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: net.Socket, upstream: net.Socket): void {
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.#sockets.delete(socket));
    }
    // The server hears that the client has gone, as from its kernel: what came whole it does.
    client.on("close", () => upstream.end());
    upstream.on("close", () => client.destroy());
    this.#pass(client, upstream, "up");
    this.#pass(upstream, client, "down");
  }

  #pass(from: net.Socket, to: net.Socket, way: Moment["way"]): void {
    from.on("data", (piece: Buffer) => {
      if (this.#isShut) return;
      const room = this.#moment?.way === way ? this.#moment.at - this.passed[way] : Number.POSITIVE_INFINITY;
      const part = piece.subarray(0, room);
      this.passed[way] += part.length;
      if (!to.destroyed && !to.write(part)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
      if (piece.length < room) return;
      this.#isShut = true;
      this.#onMoment();
    });
    from.on("end", () => to.end());
  }
}

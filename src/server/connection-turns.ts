/** Requests of one connection take turns: answers go out in their order anyway, and what waits to go out takes memory. */
import type { Socket } from "node:net";

/** Requests that wait for the one before. No client of ours sends any ahead, and nobody needs to send so many. */
const WAITING_MAX = 100;

interface Queue {
  waiting: number;
  last: Promise<void>;
}

/** The turns of all connections. */
export class ConnectionTurns {
  readonly #queues = new WeakMap<Socket, Queue>();

  /**
   * Does something when all that came before on the connection is done, unless the connection ended by then. Who has too many
   * waiting is let go.
   *
   * @param action never rejects
   */
  async take(socket: Socket, action: () => Promise<void>): Promise<void> {
    const queue = this.#queues.get(socket) ?? { waiting: 0, last: Promise.resolve() };
    this.#queues.set(socket, queue);
    if (queue.waiting > WAITING_MAX) return void socket.destroy();
    queue.waiting++;
    queue.last = queue.last.then(async () => {
      if (socket.writable) await action();
      queue.waiting--;
    });
    await queue.last;
  }
}

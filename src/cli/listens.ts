import { connect } from "node:net";

/** A server on this machine answers at once; one far away that does not within this is as good as none. */
const WAIT_MS = 1000;

/** Whether anything listens at an address. */
export function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(WAIT_MS, () => answer(false));
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}

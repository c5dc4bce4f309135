/** Responses on their way out. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { sendResponse } from "../../src/server/node-messages.ts";

test("an answer is over when its caller goes away while there is nothing to send", async () => {
  let over: () => void = () => {};
  const isOver = new Promise<void>((resolve) => {
    over = resolve;
  });
  const server = http.createServer((incoming, outgoing) => {
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        stream.enqueue(new Uint8Array(1));
        // As a stream of events does: it ends because the caller went.
        outgoing.once("close", () => stream.close());
      },
    });
    void sendResponse(new Response(body), incoming, outgoing).then(over);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const request = http.get({ host: "127.0.0.1", port }, (response) => response.once("data", () => request.destroy()));
  request.on("error", () => undefined);
  await isOver;
  server.close();
  expect(server.listening).toBe(false);
}, 10_000);

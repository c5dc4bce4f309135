/** A remote that a store's own server offers, as a client has it. */
import { onTestFinished } from "vitest";
import type { Store } from "../../src/index.ts";
import { openRemote, type Remote } from "../../src/remote/index.ts";
import { type StoreRemoteOptions, serve, storeRemote } from "../../src/server/index.ts";
import { servedStore } from "./apps.ts";

/** Serves the remote of a store, for the running test. */
export async function servedRemote(store: Store, options: Partial<StoreRemoteOptions> = {}): Promise<Remote> {
  const offered = await storeRemote(store, { restMs: 0, onError: () => {}, ...options });
  onTestFinished(() => offered.close());
  const handle = (request: Request, access: Parameters<typeof offered.handle>[1]) => offered.handle(request, access);
  const { app, token } = await servedStore({ store, isOurs: () => true, remote: handle });
  const server = await serve((request) => app.handle(request));
  onTestFinished(() => server.close(0));
  const remote = await openRemote(server.url, { token: await token() });
  onTestFinished(() => remote.close());
  return remote;
}

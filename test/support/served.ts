/** Servers of ours in this process, for one test file. */
import { afterAll } from "vitest";
import { openHttpRemote } from "../../src/remote/http.ts";
import type { Remote } from "../../src/remote/index.ts";
import {
  type HandlerOptions,
  type RunningServer,
  remoteHandler,
  type ServeOptions,
  serve,
} from "../../src/server/index.ts";

export const TOKEN = "token-that-must-not-be-seen";

const servers: RunningServer[] = [];
afterAll(async () => {
  for (const server of servers.splice(0)) await server.close(0);
});

/** Lets in who shows the token. */
export const withToken: Pick<HandlerOptions, "authorize"> = {
  authorize: ({ headers }) => (headers.get("authorization") === `Bearer ${TOKEN}` ? "yes" : "login"),
};

/** Serves a remote on a free port. */
export async function served(
  remote: Remote,
  options: Partial<HandlerOptions> = {},
  serving: ServeOptions = {},
): Promise<RunningServer> {
  const server = await serve(remoteHandler(remote, { ...withToken, ...options }), serving);
  servers.push(server);
  return server;
}

/** Opens such a server. */
export function openServed({ url }: { readonly url: string }, token: string | undefined = TOKEN): Remote {
  return openHttpRemote(new URL(url), { token });
}

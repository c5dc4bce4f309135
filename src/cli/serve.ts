/** `serve`: the store in a browser, and for programs over HTTP, until a signal ends it. */
import { once } from "node:events";
import { ArtifoldError, errnoOf, isArtifoldError } from "../errors.ts";
import { isLoopback } from "../remote/index.ts";
import {
  type App,
  hostRule,
  type RunningServer,
  type StoreRemote,
  serve,
  serveStore,
  storeRemote,
} from "../server/index.ts";
import type { Store } from "../store/index.ts";
import type { Run } from "./command.ts";
import { remoteOpener } from "./remote-opening.ts";
import { safe } from "./text.ts";

const DEFAULT_PORT = 9111;
/** How long requests may go on once the end is asked for. */
const GRACE_MS = 5_000;

export async function run(run: Run): Promise<number> {
  const { call, output, signal } = run;
  const host = call.text("host") ?? "127.0.0.1";
  const hostName = checkHost(host.includes(":") ? `[${host}]` : host);
  const isPublic = !isLoopback(hostName);
  const names = [hostName, ...call.list("allow-host").map(checkHost)];
  const port = parsePort(call.text("port"));
  const store = await run.open({ create: true });
  // The handler needs the port, which may be known only once it listens.
  let isOurs: (host: string) => boolean = () => false;
  let isListening = false;
  let code = "";
  const onError = (error: unknown): void => output.warn(`fault: ${safe(String(error))}`);
  const remote = await offeredRemote(run, store, onError);
  const app = serveStore(store, {
    remote: (request, access) => remote.handle(request, access),
    onAsked: () => remote.lookAgain(),
    isOurs: (given) => isOurs(given),
    isPrivate: isPublic || call.flag("private"),
    onCode: (next) => {
      code = next;
      if (isListening) output.note(`the code was used; for another login: ${loginUrl(server.url, code)}`);
    },
    onFault: (error, id) => output.warn(`fault ${id}: ${safe(String(error instanceof Error ? error.message : error))}`),
  });
  let server: RunningServer;
  try {
    if (isPublic) checkPublic(app, host);
    server = await listen(app, host, port, run);
  } catch (error) {
    await app.close();
    await remote.close();
    throw error;
  }
  isOurs = hostRule({ port: Number(new URL(server.url).port || 80), names, isPublic });
  isListening = true;
  if (isPublic) {
    output.warn(
      `what goes to and from ${safe(host)} is not encrypted: put a proxy with TLS before it, and use a network that you trust`,
    );
  }
  const beside =
    call.text("host") === undefined ? await listenBeside(app, Number(new URL(server.url).port), run) : undefined;
  const login = loginUrl(server.url, code);
  output.result({ url: server.url, login, store: store.folder, isPrivate: !app.access.isOpen }, server.url, [
    `Serving ${safe(store.folder)} at ${server.url}`,
    `To change things there, log in: ${login}`,
    "Ctrl-C ends",
  ]);
  if (!signal.aborted) await once(signal, "abort");
  await Promise.all([app.close(), server.close(GRACE_MS), beside?.close(GRACE_MS)]);
  await remote.close();
  // A signal is how serving ends.
  return 0;
}

/** What is pushed to this server: a folder in the store's, or the place that --remote names, which others may serve too. */
function offeredRemote(
  { call, context, output }: Run,
  store: Store,
  onError: (error: unknown) => void,
): Promise<StoreRemote> {
  const url = call.text("remote");
  const open = remoteOpener(context, output);
  return storeRemote(store, { url, onError, ...(url !== undefined && { open: (address) => open(address, {}) }) });
}

/** Whoever opens it is logged in. What stands after "#" is not sent anywhere, and so in no log. */
function loginUrl(url: string, code: string): string {
  return `${url}/login#code=${code}`;
}

/** "localhost" may be either address of this machine: nobody else shall have the other one. */
async function listenBeside(app: App, port: number, run: Run): Promise<RunningServer | undefined> {
  try {
    return await listen(app, "::1", port, run);
  } catch (error) {
    // A machine without it has nobody else there either.
    if (!isArtifoldError(error, "BUSY")) return undefined;
    run.output.warn(`something else listens at port ${port} of [::1]: http://localhost:${port} may not be this server`);
    return undefined;
  }
}

async function listen(app: App, host: string, port: number, { output, signal }: Run): Promise<RunningServer> {
  signal.throwIfAborted();
  const onError = (error: unknown): void => output.warn(`fault: ${safe(String(error))}`);
  try {
    return await serve(app.handle, { host, port, onError });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EADDRINUSE") {
      throw new ArtifoldError("BUSY", `something else listens at port ${port} of ${host}`, {
        cause: error,
        hint: "Pass --port with another one, or 0 for any that is free.",
      });
    }
    if (errno === undefined) throw error;
    throw new ArtifoldError("USAGE", `cannot listen at port ${port} of ${host}: ${errno}`, { cause: error });
  }
}

/** Others than this machine's users may come: nobody shall be let in by having forgotten to say who may. */
function checkPublic({ tokens }: App, host: string): void {
  if (tokens.list().length > 0) return;
  throw new ArtifoldError("USAGE", `${host} is reached from elsewhere, and there is no token yet`, {
    hint: "Make one with `artifold token create --scope write` for each who shall come in.",
  });
}

function checkHost(name: string): string {
  // With a port of its own, or with ours.
  const isHost = /^[^/?#@\\\s]+$/.test(name) && URL.canParse(`http://${/:\d+$/.test(name) ? name : `${name}:80`}`);
  if (!isHost) throw new ArtifoldError("USAGE", `not the name of a host: ${JSON.stringify(name)}`);
  return name;
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ArtifoldError("USAGE", `not a port: ${text}`);
}

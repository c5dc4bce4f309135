/** `login`, `logout` and `whoami`: the server that the user is known to. */
import { ApiError, Client, type SessionView } from "../client/index.ts";
import { ArtifoldError } from "../errors.ts";
import { userName } from "../platform/index.ts";
import { isLoopback, remoteError } from "../remote/index.ts";
import {
  forgetLogin,
  keepLogin,
  type Login,
  loginFor,
  originOf,
  parseHttpHost,
  readLogins,
  type Store,
} from "../store/index.ts";
import type { Run } from "./command.ts";
import { safe } from "./text.ts";

/** What the server is called as a remote. */
const REMOTE_NAME = "server";
/** More than any session takes. */
const SESSION_BYTES_MAX: number = 64 * 1024;

type Session = Pick<SessionView, "login">;
const scopes: ReadonlySet<unknown> = new Set(["read", "write", "admin"]);

export async function run(run: Run): Promise<number> {
  switch (run.command) {
    case "login":
      return login(run);
    case "logout":
      return logout(run);
    default:
      return whoami(run);
  }
}

async function login(run: Run): Promise<number> {
  const { call, context, output } = run;
  const server = serverOf(run);
  const given = call.text("key");
  if (given === undefined)
    throw new ArtifoldError("USAGE", "--key is missing", { hint: "--key - reads it from stdin." });
  const key = given === "-" ? await readKey() : given;
  const { hostname, protocol } = new URL(server);
  if (protocol === "http:" && !isLoopback(hostname)) {
    throw new ArtifoldError(
      "DENIED",
      `${server} is not encrypted, and is not this machine: the key is not shown to it`,
      {
        hint: "Write https:// before the host, or use a tunnel to the server.",
      },
    );
  }
  const known = await sessionOf(server, key);
  if (known.login === null) throw new ArtifoldError("DENIED", `${server} does not know this key`);
  const { user, team, scope } = known.login;
  await keepLogin(context.environment, { server, key, user, team });
  const store = await run.open({ create: true });
  await addServer(store, server);
  output.result({ user, team, server, scope }, safe(user), [`${safe(user)} at ${safe(server)}, to ${scope}`]);
  return 0;
}

async function logout(run: Run): Promise<number> {
  const { call, context, output } = run;
  const server = call.text("server") === undefined ? latest(context.environment)?.server : serverOf(run);
  const forgotten = server !== undefined && (await forgetLogin(context.environment, server));
  output.result({ server: forgotten ? server : null }, server ?? "", [
    forgotten ? `the key for ${safe(server)} is forgotten` : "there was no login",
  ]);
  return 0;
}

async function whoami(run: Run): Promise<number> {
  const { context, output } = run;
  const { environment, settings } = context;
  const known = run.call.text("server") === undefined ? latest(environment) : loginFor(environment, serverOf(run));
  const user = known?.user ?? settings.user?.value ?? userName(environment);
  const result = { user, team: known?.team ?? settings.team.value, server: known?.server ?? null };
  output.result(result, safe(user), [
    known === undefined ? `${safe(user)}, not logged in` : `${safe(user)} at ${safe(known.server)}`,
  ]);
  return 0;
}

function latest(environment: NodeJS.ProcessEnv): Login | undefined {
  return readLogins(environment).at(-1);
}

/** The origin of --server, or of the host that settings name: HOST:PORT means the same in both. @throws ArtifoldError USAGE */
function serverOf({ call, context }: Run): string {
  const given = call.text("server") ?? context.settings.httpHost.value;
  const origin = originOf(given.includes("://") ? given : `http://${parseHttpHost(given).text}`);
  if (origin === undefined) throw new ArtifoldError("USAGE", `not the address of a server: ${given}`);
  return origin;
}

async function readKey(): Promise<string> {
  let text = "";
  for await (const piece of process.stdin.setEncoding("utf8")) text += piece;
  return text.trim();
}

/** What a server says of a key. @throws ArtifoldError DENIED, UNREACHABLE; DAMAGED where it is none of ours */
async function sessionOf(server: string, key: string): Promise<Session> {
  if (!/^[\w-]{1,256}$/.test(key)) throw new ArtifoldError("DENIED", "this is no key");
  const client = new Client({ url: server, token: () => key, fetch: async (url, init) => cut(await fetch(url, init)) });
  try {
    const session: unknown = await client.call("session");
    if (isSession(session)) return session;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      throw new ArtifoldError("DENIED", `${server} does not know this key`, {
        hint: "`artifold token create` makes one, where the server runs.",
      });
    }
    if (error instanceof ApiError)
      throw new ArtifoldError("UNREACHABLE", `${server}: ${error.message}`, { cause: error });
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw remoteError("DAMAGED", server, "no artifold server answers there", {
    hint: "Check the address, and that this artifold and the server's fit together.",
  });
}

/** An answer as far as ours are ever long: whoever sends more is no server of ours. */
async function cut(answer: Response): Promise<Response> {
  if (answer.body === null) return answer;
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of answer.body) {
    pieces.push(piece);
    length += piece.length;
    if (length > SESSION_BYTES_MAX) break;
  }
  return new Response(Buffer.concat(pieces).subarray(0, SESSION_BYTES_MAX), answer);
}

/** What is kept and shown of a session must be there. The rest may change with the server's version. */
function isSession(session: unknown): session is Session {
  const login = (session as Partial<Session> | null)?.login;
  if (login === null) return true;
  const { user, team, scope } = (login ?? {}) as { [field: string]: unknown };
  if (typeof user !== "string" || user === "" || !scopes.has(scope)) return false;
  return team === null || typeof team === "string";
}

/** The server becomes a remote of the store that is meant. */
async function addServer(store: Store, url: string): Promise<void> {
  const known = (await store.remotes.list()).find(({ name }) => name === REMOTE_NAME);
  if (known?.url === url || known?.url === `${url}/`) return;
  if (known !== undefined) await store.remotes.forget(REMOTE_NAME);
  await store.remotes.add(REMOTE_NAME, url);
}

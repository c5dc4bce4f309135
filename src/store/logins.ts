/** Keys for servers of ours, as `login` keeps them: in a file of the user's that nobody else may read. */
import path from "node:path";
import { ArtifoldError, errnoOf } from "../errors.ts";
import { makeFolders, nodeFileSystem, publishFile, readWholeFile, userFolders } from "../platform/index.ts";

/** A server that the user is logged in to. */
export interface Login {
  /** Its origin: "https://host:port". */
  readonly server: string;
  readonly key: string;
  readonly user: string;
  /** The only team that the key is good for; null for all. */
  readonly team: string | null;
}

const FILE = "logins.json";

/** The file. */
export function loginsFile(environment: NodeJS.ProcessEnv): string {
  return path.join(userFolders(environment).config, FILE);
}

/** All logins, the latest last; what is none is passed over. @throws ArtifoldError READ_FAILED */
export function readLogins(environment: NodeJS.ProcessEnv): readonly Login[] {
  return readEntries(environment).filter(isLogin);
}

/** How many entries the file has, and how many of them are no logins. @throws ArtifoldError READ_FAILED */
export function countLogins(environment: NodeJS.ProcessEnv): { readonly entries: number; readonly unsound: number } {
  const entries = readEntries(environment);
  return { entries: entries.length, unsound: entries.filter((entry) => !isLogin(entry)).length };
}

/** The login for an address; `undefined` where there is none. A key is shown to the origin that it was given for only. */
export function loginFor(environment: NodeJS.ProcessEnv, url: string): Login | undefined {
  const origin = originOf(url);
  return origin === undefined ? undefined : readLogins(environment).findLast(({ server }) => server === origin);
}

/** Keeps a login, in the place of one for the same server. */
export async function keepLogin(environment: NodeJS.ProcessEnv, login: Login): Promise<void> {
  await write(environment, [...readLogins(environment).filter(({ server }) => server !== login.server), login]);
}

/** Forgets a login. @returns whether there was one */
export async function forgetLogin(environment: NodeJS.ProcessEnv, server: string): Promise<boolean> {
  const logins = readLogins(environment);
  const kept = logins.filter((login) => login.server !== server);
  if (kept.length === logins.length) return false;
  await write(environment, kept);
  return true;
}

/** The origin of an http(s) address; `undefined` for any other. */
export function originOf(url: string): string | undefined {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return undefined;
  return new URL(url).origin;
}

function readEntries(environment: NodeJS.ProcessEnv): readonly unknown[] {
  const file = loginsFile(environment);
  try {
    const bytes = readWholeFile(nodeFileSystem, file);
    if (bytes === undefined) return [];
    const { logins } = JSON.parse(Buffer.from(bytes).toString()) as { logins: unknown };
    if (Array.isArray(logins)) return logins;
  } catch (error) {
    if (errnoOf(error) !== undefined) throw new ArtifoldError("READ_FAILED", `cannot read ${file}`, { cause: error });
  }
  throw new ArtifoldError("READ_FAILED", `${file} does not hold logins`, {
    info: { path: file },
    hint: "Remove it, and log in again.",
  });
}

async function write(environment: NodeJS.ProcessEnv, logins: readonly Login[]): Promise<void> {
  const file = loginsFile(environment);
  try {
    await makeFolders(nodeFileSystem, path.dirname(file));
    await publishFile(nodeFileSystem, file, Buffer.from(`${JSON.stringify({ logins }, undefined, 2)}\n`), 0o600);
  } catch (error) {
    throw new ArtifoldError("WRITE_FAILED", `cannot write ${file}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
      info: { path: file, errno: errnoOf(error) },
    });
  }
}

function isLogin(entry: unknown): entry is Login {
  const { server, key, user, team } = (entry ?? {}) as { [field: string]: unknown };
  const isTeam = team === null || typeof team === "string";
  return typeof server === "string" && typeof key === "string" && typeof user === "string" && isTeam;
}

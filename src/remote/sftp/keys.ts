/** Ways to log in, in the order in which they are tried: the agent, then key files. Passwords are none of them. */
import ssh2, { type AnyAuthMethod } from "ssh2";
import type { SshHost } from "./ssh-host.ts";

/** Gives a way to log in when its turn comes; `undefined` when there is none after all. */
export type AuthSource = () => Promise<AnyAuthMethod | undefined>;

/** The ways of a host. A key's passphrase is asked for when its turn comes, and not before. */
export function authSources(host: SshHost): AuthSource[] {
  const { agent, user, identityFiles } = host;
  const fromAgent: AuthSource[] = agent === undefined ? [] : [async () => ({ type: "agent", username: user, agent })];
  return [...fromAgent, ...identityFiles.map((file) => () => fromFile(file, host))];
}

async function fromFile(file: string, { user, readFile, askPassphrase }: SshHost): Promise<AnyAuthMethod | undefined> {
  const bytes = readFile(file);
  if (bytes === undefined) return undefined;
  const key = Buffer.from(bytes);
  const plain = ssh2.utils.parseKey(key);
  if (!(plain instanceof Error)) return { type: "publickey", username: user, key };
  if (!/encrypted/i.test(plain.message)) return undefined;
  const passphrase = await askPassphrase?.(file);
  if (passphrase === undefined || ssh2.utils.parseKey(key, passphrase) instanceof Error) return undefined;
  return { type: "publickey", username: user, key, passphrase };
}

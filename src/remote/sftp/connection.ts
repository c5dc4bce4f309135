/** Connections over SSH: made when needed, checked against known hosts, made again when they were lost. */
import { createHash } from "node:crypto";
import ssh2, {
  type AnyAuthMethod,
  type Client,
  type ConnectConfig,
  type ServerHostKeyAlgorithm,
  type SFTPWrapper,
} from "ssh2";
import { isArtifoldError } from "../../errors.ts";
import { foreignText, remoteError } from "../errors.ts";
import { type AuthSource, authSources } from "./keys.ts";
import { fingerprintOf, hostName, judgeHost, type KnownHost, keyTypeOf, knownKeyTypes } from "./known-hosts.ts";
import type { SshHost } from "./ssh-host.ts";

/** An SFTP session on a connection. */
export interface SftpSession {
  readonly sftp: SFTPWrapper;
  /** Which of OpenSSH's extensions the server has. */
  readonly has: { readonly fsync: boolean; readonly hardlink: boolean; readonly statvfs: boolean };
  /** Whatever the session is used for: it rejects when the connection is lost. */
  run<Result>(call: (sftp: SFTPWrapper, done: (error: unknown, result?: Result) => void) => void): Promise<Result>;
}

const CONNECT_MS = 30_000;
const KEEPALIVE_MS = 15_000;
/** The types of keys that a host is asked for, the best first. */
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
];

/** Gives a session, the same one as long as it lives. */
export class SshConnections {
  readonly host: SshHost;
  #session: Promise<SftpSession> | undefined;
  #client: Client | undefined;

  constructor(host: SshHost) {
    this.host = host;
  }

  get url(): string {
    return this.host.url;
  }

  /** @throws ArtifoldError DENIED when the host or the user is refused, UNREACHABLE */
  session(): Promise<SftpSession> {
    if (this.#session === undefined) {
      const session = this.#connect();
      this.#session = session;
      session.catch(() => this.#forget(session));
    }
    return this.#session;
  }

  close(): void {
    this.#session = undefined;
    this.#client?.end();
    this.#client = undefined;
  }

  #forget(session: Promise<SftpSession>): void {
    if (this.#session === session) this.#session = undefined;
  }

  async #connect(): Promise<SftpSession> {
    const client = new ssh2.Client();
    const guard = new HostGuard(this.host);
    this.#client = client;
    try {
      await new Promise<void>((resolve, reject) => {
        client.once("ready", resolve);
        // Not only the first: ssh2 tells of a connection that fails before the handshake twice.
        client.on("error", reject);
        client.once("close", () => reject(new Error("the connection was closed")));
        client.connect(configOf(this.host, guard));
        // Requests are small and wait for each other: held back to be joined with more, each would take 40 ms.
        client.setNoDelay(true);
      });
      await guard.settled();
      return await this.#openSftp(client);
    } catch (error) {
      client.destroy();
      throw guard.refusal ?? this.#trouble(error);
    }
  }

  async #openSftp(client: Client): Promise<SftpSession> {
    const pending = new Set<(error: unknown) => void>();
    let lost: unknown;
    const lose = (error: unknown): void => {
      lost ??= this.#trouble(error);
      this.#session = undefined;
      for (const reject of pending) reject(lost);
      client.destroy();
    };
    client.on("error", lose);
    client.on("close", () => lose(new Error("the connection was lost")));
    const run: SftpSession["run"] = (call) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        pending.add(reject);
        call(sftp, (error, result) => {
          pending.delete(reject);
          if (error == null) resolve(result as never);
          else reject(isLost(error) ? (lost ?? this.#trouble(error)) : error);
        });
      });
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
      client.sftp((error, session) => (error === undefined ? resolve(session) : reject(error)));
      client.once("close", () => reject(lost));
    });
    sftp.on("error", lose);
    sftp.on("close", () => lose(new Error("the SFTP session was closed")));
    const { _extensions: extensions } = sftp as unknown as { _extensions: Record<string, string | undefined> };
    const has = {
      fsync: extensions["fsync@openssh.com"] === "1",
      hardlink: extensions["hardlink@openssh.com"] === "1",
      statvfs: extensions["statvfs@openssh.com"] === "2",
    };
    return { sftp, has, run };
  }

  /** What an error of the connection means. */
  #trouble(error: unknown): unknown {
    if (isArtifoldError(error) || !(error instanceof Error)) return error;
    const { level, code } = error as { level?: string; code?: string };
    const { url, user } = this.host;
    const why = foreignText(error.message);
    if (level === "client-authentication" || level === "agent") {
      return remoteError("DENIED", url, `${user} is not let in: ${why}`, {
        cause: error,
        hint: "Add a key to the agent, or name a key file that the server knows.",
      });
    }
    // Of a connection that ends too soon ssh2 says that it breaks the protocol.
    const isLost = /lost|closed|ended|timed out/i.test(error.message);
    if ((level === "protocol" || level === "sftp-protocol") && !isLost) {
      return remoteError("DAMAGED", url, `the server does not keep to SSH: ${why}`, {
        cause: error,
        happened: "unknown",
      });
    }
    const isFinal = code === "ENOTFOUND" || (level === "handshake" && !isLost);
    return remoteError("UNREACHABLE", url, why, { cause: error, transient: !isFinal, happened: "unknown" });
  }
}

/** What ssh2 gives to requests that were under way when a connection ended. */
function isLost(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === undefined;
}

function configOf(host: SshHost, guard: HostGuard): ConnectConfig {
  let sources: AuthSource[] | undefined;
  return {
    host: host.host,
    port: host.port,
    username: host.user,
    readyTimeout: CONNECT_MS,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: 3,
    algorithms: { serverHostKey: guard.keyTypes() },
    hostVerifier: (key: Buffer) => guard.admit(key),
    authHandler: (_left, _partial, next) => {
      sources ??= authSources(host);
      const tryNext = async (): Promise<AnyAuthMethod | false> => {
        for (let source = sources?.shift(); source !== undefined; source = sources?.shift()) {
          const method = await source();
          if (method !== undefined) return method;
        }
        return false;
      };
      // False ends the tries, which its types do not know.
      const end = (method: AnyAuthMethod | false): void => next(method as AnyAuthMethod);
      tryNext().then(end, () => end(false));
    },
  };
}

/** Looks at the key that a host shows. */
class HostGuard {
  refusal: Error | undefined;
  readonly #host: SshHost;
  readonly #name: string;
  readonly #known: readonly KnownHost[];
  #noted: Promise<void> | undefined;

  constructor(host: SshHost) {
    this.#host = host;
    this.#name = hostName(host.host, host.port);
    this.#known = host.knownHosts();
  }

  /** A host is asked first for the types of keys that it is known by. */
  keyTypes(): ServerHostKeyAlgorithm[] {
    const known = new Set(knownKeyTypes(this.#known, this.#name));
    const isKnown = (type: string): boolean => known.has(type.startsWith("rsa-") ? "ssh-rsa" : type);
    return [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((type) => !isKnown(type))];
  }

  admit(key: Buffer): boolean {
    const { url, knownHostsFile, acceptNewHosts } = this.#host;
    const fingerprint = fingerprintOf(createHash("sha256").update(key).digest("base64"));
    switch (judgeHost(this.#known, this.#name, key)) {
      case "known":
        return true;
      case "unknown":
        if (acceptNewHosts) {
          this.#noted = this.#note(key, fingerprint);
          return true;
        }
        this.refusal = remoteError(
          "DENIED",
          url,
          `the host ${this.#name} is not known; it shows the key ${fingerprint}`,
          {
            hint: "Compare the key with the host's own, connect once with ssh, and try again.",
          },
        );
        return false;
      case "changed":
        this.refusal = remoteError(
          "DENIED",
          url,
          `THE KEY OF THE HOST ${this.#name} HAS CHANGED: it shows ${fingerprint}. Somebody may be listening in`,
          { hint: `If the host was set up anew, take its old key out of ${knownHostsFile}.` },
        );
        return false;
      case "revoked":
        this.refusal = remoteError(
          "DENIED",
          url,
          `the host ${this.#name} shows a key that was revoked: ${fingerprint}`,
        );
        return false;
    }
  }

  async #note(key: Buffer, fingerprint: string): Promise<void> {
    await this.#host.noteHost(`${this.#name} ${keyTypeOf(key)} ${key.toString("base64")}`);
    this.#host.onWarning?.(`The host ${this.#name} is known from now on by its key ${fingerprint}.`);
  }

  /** Waits until a new host is noted. */
  async settled(): Promise<void> {
    await this.#noted;
  }
}

/** Opens a folder over SFTP from its address and what ~/.ssh says: where the host is, who logs in, and who it must be. */
import os from "node:os";
import path from "node:path";
import { type FileSystem, makeFolders, nodeFileSystem, openFlags, readWholeFile } from "../../platform/index.ts";
import { remoteError } from "../errors.ts";
import type { Remote } from "../remote.ts";
import type { RemoteAddress } from "../url.ts";
import { SshConnections } from "./connection.ts";
import { parseKnownHosts } from "./known-hosts.ts";
import { sftpRemote } from "./sftp.ts";
import { sshSettings } from "./ssh-config.ts";
import type { SshHost } from "./ssh-host.ts";

/** How to log in over SSH. */
export interface SftpLogin {
  /** Key files to try before all others. */
  readonly identityFiles?: readonly string[] | undefined;
  /** Gives the passphrase of a key file; `undefined` passes the file over. Without it encrypted files are passed over. */
  readonly askPassphrase?: ((file: string) => Promise<string | undefined>) | undefined;
  /**
   * Takes the key of a host that is not known, and notes it in the first file. Default: such a host is refused. A host
   * whose key changed is refused always.
   */
  readonly acceptNewHosts?: boolean | undefined;
  /** Files of known hosts, in the place of those in ~/.ssh and /etc/ssh. */
  readonly knownHostsFiles?: readonly string[] | undefined;
  /** The configuration, in the place of ~/.ssh/config. */
  readonly configFile?: string | undefined;
}

/** How to open a folder over SFTP. */
export interface SftpRemoteOptions {
  readonly sftp?: SftpLogin | undefined;
  /** What ssh looks at too: HOME, USER, SSH_AUTH_SOCK. Default: nothing. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** `"one"`: the caller knows that nobody else writes, for places without hard links. Default `"many"`. */
  readonly writers?: "many" | "one" | undefined;
  /** Makes the folder if it is not there. */
  readonly makeFolder?: boolean | undefined;
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly fs?: FileSystem | undefined;
}

type SftpAddress = Extract<RemoteAddress, { kind: "sftp" }>;

const DEFAULT_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/**
 * Opens a folder. Nothing is sent before the first call.
 *
 * @throws ArtifoldError DENIED where the configuration asks for what is not done here
 */
export function openSftpRemote(address: SftpAddress, options: SftpRemoteOptions = {}): Remote {
  const { environment = {}, fs = nodeFileSystem, sftp: login = {}, writers = "many", makeFolder = false } = options;
  const { url } = address;
  const home = environment["HOME"] || environment["USERPROFILE"] || os.homedir();
  const inSsh = (name: string): string => path.join(home, ".ssh", name);
  const settings = sshSettings(readText(fs, login.configFile ?? inSsh("config")) ?? "", address.host);
  if (settings.unsupported !== undefined) {
    throw remoteError(
      "DENIED",
      url,
      `the configuration of ssh asks for ${settings.unsupported}, which is not done here`,
      {
        hint: "Open a tunnel with ssh -L, and name its local port in the address.",
      },
    );
  }
  const expand = (file: string): string => file.replace(/^~(?=\/|$)/, home).replaceAll("%d", home);
  const knownHostsFiles =
    login.knownHostsFiles ??
    (settings.knownHostsFiles.length > 0
      ? settings.knownHostsFiles.map(expand)
      : [inSsh("known_hosts"), "/etc/ssh/ssh_known_hosts"]);
  const configured = settings.identityFiles.map(expand);
  const host: SshHost = {
    url,
    host: settings.hostName ?? address.host,
    port: address.port ?? settings.port ?? 22,
    user: address.user ?? settings.user ?? environment["USER"] ?? os.userInfo().username,
    agent: settings.identitiesOnly ? undefined : environment["SSH_AUTH_SOCK"] || undefined,
    identityFiles: [...(login.identityFiles ?? []), ...(configured.length > 0 ? configured : DEFAULT_KEYS.map(inSsh))],
    askPassphrase: login.askPassphrase,
    acceptNewHosts: login.acceptNewHosts ?? false,
    readFile: (file) => readWholeFile(fs, path.resolve(file)),
    knownHosts: () => knownHostsFiles.flatMap((file) => parseKnownHosts(readText(fs, file) ?? "")),
    noteHost: (line) => appendLine(fs, knownHostsFiles[0] ?? inSsh("known_hosts"), line),
    knownHostsFile: knownHostsFiles[0] ?? inSsh("known_hosts"),
    onWarning: options.onWarning,
  };
  return sftpRemote(new SshConnections(host), { folder: address.folder, writers, makeFolder });
}

function readText(fs: FileSystem, file: string): string | undefined {
  const bytes = readWholeFile(fs, path.resolve(file));
  return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
}

async function appendLine(fs: FileSystem, file: string, line: string): Promise<void> {
  await makeFolders(fs, path.dirname(file));
  const fd = fs.open(file, openFlags.append, 0o600);
  try {
    // A single write to a file that is appended to does not mix with others'.
    fs.write(fd, Buffer.from(`${line}\n`), null);
  } finally {
    fs.close(fd);
  }
}

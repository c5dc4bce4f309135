/** Folders on a real SSH server. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { parseRemoteUrl, type Remote, type RemoteAddress } from "../../src/remote/index.ts";
import { openSftpRemote, type SftpLogin, type SftpRemoteOptions } from "../../src/remote/sftp/open.ts";
import type { SshServer } from "./servers.ts";

let folders = 0;

/** A fresh folder on the server. */
export function freshFolder(server: SshServer): string {
  const folder = path.join(server.folder, `place-${++folders}`);
  mkdirSync(folder);
  return folder;
}

/** What lets in, and nothing of the machine that the tests run on. */
export function loginOf(server: SshServer): SftpLogin {
  return {
    identityFiles: [server.keyFile],
    knownHostsFiles: [server.knownHosts],
    configFile: path.join(server.folder, "no-config"),
  };
}

/** Opens a folder on the server. */
export function openOverSsh(
  server: SshServer,
  folder: string,
  options: SftpRemoteOptions = {},
  port: number = server.port,
): Remote {
  const url = `sftp://${server.user}@127.0.0.1:${port}${folder}`;
  const address = parseRemoteUrl(url, "/") as Extract<RemoteAddress, { kind: "sftp" }>;
  return openSftpRemote(address, { environment: { HOME: server.folder }, sftp: loginOf(server), ...options });
}

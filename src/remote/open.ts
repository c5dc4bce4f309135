import type { Clock, FileSystem } from "../platform/index.ts";
import { type Bandwidth, slowedRemote } from "./bandwidth.ts";
import { limitedRemote } from "./limit.ts";
import type { Remote } from "./remote.ts";
import { type RetryOptions, retryingRemote } from "./retry.ts";
import type { AwsCredentials } from "./s3/sign.ts";
import type { SftpLogin } from "./sftp/open.ts";
import { impatientRemote } from "./stall.ts";
import { parseRemoteUrl, type RemoteAddress } from "./url.ts";

/** How to open a remote, of whatever kind. */
export interface OpenRemoteOptions {
  /** The folder that a path is relative to. Default: the working folder. */
  readonly from?: string | undefined;
  /** What the AWS and SSH tools look at too: keys, profiles, the agent. Default: nothing; the library reads no environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * `"one"`: the caller knows that nobody else writes, which is what a place needs that does not create once. Default
   * `"many"`.
   */
  readonly writers?: "many" | "one" | undefined;
  /** Makes the folder of a folder or SFTP remote if it is not there. Buckets are never made. */
  readonly makeFolder?: boolean | undefined;
  /** Token for a server of ours: shown to it and to no other. */
  readonly token?: string | undefined;
  /** Sends the token without encryption too. */
  readonly plainToken?: boolean | undefined;
  /** Keys for S3; without them the environment is asked. */
  readonly credentials?: AwsCredentials | undefined;
  /** How to log in over SSH, beside what the environment and the files in ~/.ssh say. */
  readonly sftp?: SftpLogin | undefined;
  /** Certificates to trust beside those of the system, as PEM. */
  readonly ca?: string | undefined;
  /** Hears what the user should know and that does not stop the call. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Calls at once. Default: as many as pay. */
  readonly callsMax?: number | undefined;
  /** How fast bytes may move. */
  readonly bandwidth?: Bandwidth | undefined;
  /** How long nothing may move before a call is given up, in milliseconds. Default 2 minutes. */
  readonly stallMs?: number | undefined;
  /** How often to try again. */
  readonly retry?: RetryOptions | undefined;
  readonly fs?: FileSystem | undefined;
  readonly clock?: Clock | undefined;
}

/**
 * Opens the remote at an address: a path, `file:///dir`, `http(s)://host:port[/prefix]`,
 * `s3://bucket/prefix?endpoint=…&region=…` or `sftp://user@host:port/dir`. The code of a kind is loaded when one is opened.
 *
 * What is opened retries, gives up what stands still, and keeps to its limits. Folders are looked for at once, other
 * places are asked with the first call.
 *
 * @throws ArtifoldError USAGE for what is no address (or has a password in it); NOT_FOUND, DENIED
 */
export async function openRemote(url: string, options: OpenRemoteOptions = {}): Promise<Remote> {
  const remote = await openKind(parseRemoteUrl(url, options.from ?? "."), options);
  const patient = retryingRemote(impatientRemote(remote, options.stallMs), options.retry);
  const limited = limitedRemote(patient, options.callsMax);
  return options.bandwidth === undefined ? limited : slowedRemote(limited, options.bandwidth);
}

async function openKind(address: RemoteAddress, options: OpenRemoteOptions): Promise<Remote> {
  switch (address.kind) {
    case "folder": {
      const { openFolderRemote } = await import("./folder.ts");
      return openFolderRemote(address.folder, { ...options, url: address.url });
    }
    case "http": {
      const { openHttpRemote } = await import("./http.ts");
      return openHttpRemote(address.address, options);
    }
    case "s3": {
      const { openS3Remote } = await import("./s3/open.ts");
      return openS3Remote(address, options);
    }
    case "sftp": {
      const { openSftpRemote } = await import("./sftp/open.ts");
      return openSftpRemote(address, options);
    }
  }
}

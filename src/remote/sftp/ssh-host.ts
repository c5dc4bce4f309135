/** A host over SSH, as far as connecting to it needs to know. */
import type { KnownHost } from "./known-hosts.ts";

/** Where to connect to, as whom, and who has to be there. */
export interface SshHost {
  /** What errors name. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The socket of the agent. */
  readonly agent: string | undefined;
  readonly identityFiles: readonly string[];
  readonly askPassphrase: ((file: string) => Promise<string | undefined>) | undefined;
  readonly acceptNewHosts: boolean;
  readFile(file: string): Uint8Array | undefined;
  knownHosts(): readonly KnownHost[];
  /** Adds a line to the first file of known hosts. */
  noteHost(line: string): Promise<void>;
  readonly knownHostsFile: string;
  readonly onWarning: ((message: string) => void) | undefined;
}

/** The part of ~/.ssh/config that says where a host is and how to log in: ssh_config(5). */
import { matches } from "./known-hosts.ts";

/** What the file says of a host. */
export interface SshSettings {
  readonly hostName: string | undefined;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  readonly knownHostsFiles: readonly string[];
  /** A keyword that matters for the connection and is not known here. */
  readonly unsupported: string | undefined;
}

const SINGLE = new Set(["hostname", "port", "user", "identitiesonly", "userknownhostsfile"]);
const UNSUPPORTED = new Set(["proxyjump", "proxycommand", "hostkeyalias"]);

/** Reads what a configuration says of a host. Of a keyword the first value counts, as ssh has it. */
export function sshSettings(text: string, host: string): SshSettings {
  const values = new Map<string, string>();
  const identityFiles: string[] = [];
  let unsupported: string | undefined;
  let isMeant = true;
  for (const line of text.split(/\r?\n/)) {
    const [, keyword = "", rest = ""] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    const name = keyword.toLowerCase();
    const value = rest.replace(/^"(.*)"$/, "$1");
    if (name === "host") isMeant = matches(value.split(/\s+/), host.toLowerCase());
    // What a Match line asks for is not asked here: its settings hold for nobody.
    else if (name === "match") isMeant = value.toLowerCase() === "all";
    else if (!isMeant || value === "") continue;
    else if (name === "identityfile") identityFiles.push(value);
    else if (SINGLE.has(name) && !values.has(name)) values.set(name, value);
    else if (UNSUPPORTED.has(name) && value.toLowerCase() !== "none") unsupported ??= keyword;
  }
  const port = Number(values.get("port") ?? Number.NaN);
  return {
    hostName: values.get("hostname")?.replaceAll("%h", host).replaceAll("%%", "%"),
    port: Number.isInteger(port) && port > 0 && port < 65536 ? port : undefined,
    user: values.get("user"),
    identityFiles,
    identitiesOnly: values.get("identitiesonly")?.toLowerCase() === "yes",
    knownHostsFiles: values.get("userknownhostsfile")?.split(/\s+/) ?? [],
    unsupported,
  };
}

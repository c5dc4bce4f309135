/** Addresses of remotes, as users write them. */
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ArtifoldError } from "../errors.ts";

/** What an address names. */
export type RemoteAddress =
  | { readonly kind: "folder"; readonly url: string; readonly folder: string }
  | { readonly kind: "http"; readonly url: string; readonly address: URL }
  | {
      readonly kind: "s3";
      readonly url: string;
      readonly bucket: string;
      /** Begins all keys, without "/" at its ends; may be empty. */
      readonly prefix: string;
      readonly endpoint: URL | undefined;
      readonly region: string | undefined;
      /** `https://endpoint/bucket/key` or `https://bucket.endpoint/key`. */
      readonly style: "path" | "virtual" | undefined;
    }
  | {
      readonly kind: "sftp";
      readonly url: string;
      readonly host: string;
      readonly port: number | undefined;
      readonly user: string | undefined;
      readonly folder: string;
    };

/**
 * Reads an address: a path, `file:///dir`, `http(s)://host:port[/prefix]`, `s3://bucket/prefix?endpoint=…&region=…&style=…` or
 * `sftp://user@host:port/dir`, where `/~/dir` begins in the user's home.
 *
 * @param from the folder that a path is relative to
 * @throws ArtifoldError USAGE
 */
export function parseRemoteUrl(text: string, from: string): RemoteAddress {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (text === "" || text.includes("\0")) throw unusable("an address is a path or a URL");
    const folder = path.resolve(from, text);
    return { kind: "folder", url: folder, folder };
  }
  const url = parse(text, scheme);
  if (scheme === "file") return { kind: "folder", url: url.href, folder: folderOf(url) };
  if (scheme === "http" || scheme === "https") {
    refuseQuery(url, []);
    if (url.username !== "")
      throw unusable("a user has no place in the address of a server", "Log in with a token instead.");
    return { kind: "http", url: url.href.replace(/\/$/, ""), address: url };
  }
  if (scheme === "s3") return parseS3(url);
  if (scheme === "sftp") return parseSftp(url);
  throw unusable(`there is no kind of remote for ${scheme}://`, "Known are paths, file, http, https, s3 and sftp.");
}

/** Whether a host is this machine itself. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

function parse(text: string, scheme: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Its own error has the whole text, a password too.
    throw unusable(`this is no address of a ${scheme} remote`);
  }
  if (url.password !== "") {
    throw unusable(
      "a password has no place in an address, which ends up in settings and messages",
      "Use a token, an agent, a key file or a profile instead, and change that password.",
    );
  }
  if (url.hash !== "") throw unusable("an address has no part behind #");
  return url;
}

function folderOf(url: URL): string {
  refuseQuery(url, []);
  try {
    return fileURLToPath(url);
  } catch {
    throw unusable("a file address has three slashes: file:///folder");
  }
}

function parseS3(url: URL): RemoteAddress {
  if (url.username !== "" || url.port !== "") {
    throw unusable("an s3 address begins with the bucket", "Keys come from the environment or a profile.");
  }
  refuseQuery(url, ["endpoint", "region", "style"]);
  const bucket = url.hostname;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw unusable(`"${bucket}" cannot be a bucket`);
  const prefix = url.pathname.replace(/^\/+|\/+$/g, "");
  if (!/^([A-Za-z0-9!_.*'()-]+(\/|$))*$/.test(prefix) || /(^|\/)\.\.?(\/|$)/.test(prefix)) {
    throw unusable("the prefix in a bucket is made of letters, digits, - _ . and /");
  }
  const region = url.searchParams.get("region") ?? undefined;
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/.test(region)) throw unusable(`"${region}" is no region`);
  const style = url.searchParams.get("style") ?? undefined;
  if (style !== undefined && style !== "path" && style !== "virtual") throw unusable("a style is path or virtual");
  return {
    kind: "s3",
    url: url.href,
    bucket,
    prefix,
    endpoint: parseEndpoint(url.searchParams.get("endpoint")),
    region,
    style,
  };
}

function parseEndpoint(text: string | null): URL | undefined {
  if (text === null) return undefined;
  const url = parse(text.includes("://") ? text : `https://${text}`, "http");
  if (!/^https?:$/.test(url.protocol) || url.username !== "" || url.pathname !== "/" || url.search !== "") {
    throw unusable("an endpoint is https://host:port and nothing more");
  }
  return url;
}

function parseSftp(url: URL): RemoteAddress {
  refuseQuery(url, []);
  const folder = decoded(url.pathname);
  if (url.hostname === "" || folder === "" || folder === "/" || folder.includes("\0")) {
    throw unusable("an sftp address has a host and a folder: sftp://user@host/folder");
  }
  return {
    kind: "sftp",
    url: url.href,
    host: decoded(url.hostname).replace(/^\[|\]$/g, ""),
    port: url.port === "" ? undefined : Number(url.port),
    user: url.username === "" ? undefined : decoded(url.username),
    folder: folder.replace(/^\/~(\/|$)/, "").replace(/\/$/, "") || ".",
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unusable("a % in an address stands before two hex digits");
  }
}

function refuseQuery(url: URL, known: readonly string[]): void {
  const unknown = [...url.searchParams.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw unusable(
    "the address has a part behind ? that is not known",
    known.length > 0 ? `Known are ${known.join(" and ")}.` : "Secrets have no place in an address.",
  );
}

function unusable(message: string, hint?: string): ArtifoldError {
  return new ArtifoldError("USAGE", message, hint === undefined ? {} : { hint });
}

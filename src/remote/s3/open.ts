/** Opens a bucket from its address and what the environment says: region, endpoint, style, credentials. */
import os from "node:os";
import path from "node:path";
import { type Clock, type FileSystem, nodeFileSystem, readWholeFile, systemClock } from "../../platform/index.ts";
import { remoteError } from "../errors.ts";
import type { Remote } from "../remote.ts";
import { isLoopback, type RemoteAddress } from "../url.ts";
import { CredentialSource } from "./credentials.ts";
import { type AwsProfile, parseProfiles } from "./profiles.ts";
import { s3Remote } from "./s3.ts";
import type { AwsCredentials } from "./sign.ts";

/** How to open a bucket. */
export interface S3RemoteOptions {
  /** Used as they are, and nothing else asked. */
  readonly credentials?: AwsCredentials | undefined;
  /** What the AWS tools look at too. Default: nothing; the library does not read the environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** `"one"`: the caller knows that nobody else writes, for servers that do not heed conditions. Default `"many"`. */
  readonly writers?: "many" | "one" | undefined;
  /** Hears what the user should know and that does not stop the call. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Certificates to trust beside those of the system, as PEM. */
  readonly ca?: string | undefined;
  readonly fs?: FileSystem | undefined;
  readonly clock?: Clock | undefined;
}

type S3Address = Extract<RemoteAddress, { kind: "s3" }>;

/** Twice as many as calls that pay: a large create sends several parts at once. */
const CONNECTIONS_MAX = 64;

/**
 * Opens a bucket. Nothing is sent before the first call.
 *
 * @throws ArtifoldError DENIED when the environment names what cannot be used
 */
export function openS3Remote(address: S3Address, options: S3RemoteOptions = {}): Remote {
  const { environment = {}, fs = nodeFileSystem, clock = systemClock, writers = "many", onWarning, ca } = options;
  const { url, bucket, prefix } = address;
  const readFile = (file: string): string | undefined => {
    const bytes = readWholeFile(fs, path.resolve(file));
    return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
  };
  const { profile, profileName } = findProfile(environment, readFile);
  const region =
    address.region ||
    environment["AWS_REGION"] ||
    environment["AWS_DEFAULT_REGION"] ||
    profile?.["region"] ||
    "us-east-1";
  const endpoint = address.endpoint ?? endpointOf(environment, profile, url);
  if (endpoint?.protocol === "http:" && !isLoopback(endpoint.hostname)) {
    onWarning?.(`${url} is not encrypted: whoever is between here and there can read and change what goes over it.`);
  }
  // A certificate for *.s3… does not hold for a bucket with dots; other servers seldom have names for their buckets.
  const style = address.style ?? (endpoint === undefined && !bucket.includes(".") ? "virtual" : "path");
  const context = { url, environment, profile, profileName, region, clock, readFile };
  return s3Remote({
    url,
    bucket,
    prefix,
    region,
    style,
    endpoint: endpoint ?? new URL(`https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`),
    credentials: new CredentialSource(context, options.credentials),
    clock,
    connectionsMax: CONNECTIONS_MAX,
    writers,
    ca,
  });
}

function endpointOf(
  environment: Readonly<Record<string, string | undefined>>,
  profile: AwsProfile | undefined,
  url: string,
): URL | undefined {
  const text = environment["AWS_ENDPOINT_URL_S3"] || environment["AWS_ENDPOINT_URL"] || profile?.["endpoint_url"];
  if (!text) return undefined;
  const endpoint = URL.canParse(text) ? new URL(text) : undefined;
  if (endpoint !== undefined && /^https?:$/.test(endpoint.protocol) && endpoint.password === "") return endpoint;
  throw remoteError("DENIED", url, "the endpoint in the environment or the profile is no http address");
}

/** The profile that is asked for by name, or the default one, from both of the AWS tools' files. */
function findProfile(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (file: string) => string | undefined,
): { profile: AwsProfile | undefined; profileName: string | undefined } {
  const profileName = environment["AWS_PROFILE"] || undefined;
  const home = environment["HOME"] || environment["USERPROFILE"] || os.homedir();
  const files = [
    environment["AWS_CONFIG_FILE"] || path.join(home, ".aws", "config"),
    environment["AWS_SHARED_CREDENTIALS_FILE"] || path.join(home, ".aws", "credentials"),
  ];
  const name = profileName ?? "default";
  const found = files.map((file) => parseProfiles(readFile(file) ?? "").get(name));
  const isThere = found.some((each) => each !== undefined);
  return { profile: isThere ? Object.assign(Object.create(null), ...found) : undefined, profileName };
}

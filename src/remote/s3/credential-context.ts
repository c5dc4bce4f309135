/** What sources of credentials look at, and what they give. */
import type { Clock } from "../../platform/index.ts";
import type { AwsProfile } from "./profiles.ts";
import type { AwsCredentials } from "./sign.ts";

/** Credentials that may expire. */
export interface ExpiringCredentials extends AwsCredentials {
  /** Milliseconds since 1970. Absent: never. */
  readonly expiresAt?: number | undefined;
}

/** What the sources look at. */
export interface CredentialContext {
  /** What errors name. */
  readonly url: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly profile: AwsProfile | undefined;
  /** The name of the profile that was asked for by name; `undefined` for the default one. */
  readonly profileName: string | undefined;
  readonly region: string;
  readonly clock: Clock;
  /** Reads a small file of text; `undefined` when there is none. */
  readFile(path: string): string | undefined;
}

/** Reads the JSON in which processes, containers and instances answer; `undefined` when it is none. */
export function parseCredentialJson(
  text: string,
  tokenName: "SessionToken" | "Token",
): ExpiringCredentials | undefined {
  let value: Record<string, unknown> | null;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { AccessKeyId, SecretAccessKey, Expiration } = value ?? {};
  if (typeof AccessKeyId !== "string" || typeof SecretAccessKey !== "string") return undefined;
  const token = value?.[tokenName];
  const expiresAt = typeof Expiration === "string" ? Date.parse(Expiration) : undefined;
  if (Number.isNaN(expiresAt)) return undefined;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: typeof token === "string" && token !== "" ? token : undefined,
    expiresAt,
  };
}

/**
 * Where the credentials of S3 come from, in the order of the AWS tools: given, the environment, a profile (keys, a process,
 * a web identity), a web identity of the environment, the container, the instance. Kept until they are about to expire.
 */
import type { ArtifoldError } from "../../errors.ts";
import { remoteError } from "../errors.ts";
import type { CredentialContext, ExpiringCredentials } from "./credential-context.ts";
import { fromContainer, fromInstance } from "./credentials-metadata.ts";
import { fromProcess } from "./credentials-process.ts";
import { fromWebIdentity } from "./credentials-web-identity.ts";
import type { AwsProfile } from "./profiles.ts";
import type { AwsCredentials } from "./sign.ts";

/** Asks for credentials where they may be found; `undefined` where there are none. */
type Source = (context: CredentialContext) => Promise<ExpiringCredentials | undefined>;

const sources: readonly Source[] = [fromEnvironment, fromProfile, fromEnvironmentIdentity, fromContainer, fromInstance];

/** Asked anew when they have less time left than this, so that none expires on the way. */
const RENEW_MS = 5 * 60_000;

/** Gives credentials, from the first source that has any. */
export class CredentialSource {
  readonly #context: CredentialContext;
  #kept: ExpiringCredentials | undefined;
  #asking: Promise<ExpiringCredentials> | undefined;

  /** @param given used as they are, and nothing else asked */
  constructor(context: CredentialContext, given: AwsCredentials | undefined) {
    this.#context = context;
    this.#kept = given;
  }

  /** @throws ArtifoldError DENIED when no source has any */
  async get(): Promise<AwsCredentials> {
    const kept = this.#kept;
    const left = (kept?.expiresAt ?? Number.POSITIVE_INFINITY) - this.#context.clock.now();
    if (kept !== undefined && left > RENEW_MS) return kept;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    try {
      this.#kept = await this.#asking;
    } catch (error) {
      // Those that are not quite expired serve on.
      if (kept === undefined || left <= 0) throw error;
      return kept;
    }
    return this.#kept;
  }

  /** The secrets in use: what must not appear anywhere. */
  secrets(): readonly (string | undefined)[] {
    return [this.#kept?.secretAccessKey, this.#kept?.sessionToken];
  }

  async #ask(): Promise<ExpiringCredentials> {
    for (const source of sources) {
      const found = await source(this.#context);
      if (found !== undefined) return found;
    }
    throw remoteError("DENIED", this.#context.url, "there are no credentials for S3", {
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    });
  }
}

async function fromEnvironment({ environment }: CredentialContext): Promise<ExpiringCredentials | undefined> {
  return keysOf({
    aws_access_key_id: environment["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key: environment["AWS_SECRET_ACCESS_KEY"],
    aws_session_token: environment["AWS_SESSION_TOKEN"],
  });
}

async function fromProfile(context: CredentialContext): Promise<ExpiringCredentials | undefined> {
  const { profile, profileName } = context;
  if (profile === undefined) {
    if (profileName !== undefined) throw unusable(context, `there is no profile "${profileName}"`);
    return undefined;
  }
  const keys = keysOf(profile);
  if (keys !== undefined) return keys;
  const command = profile["credential_process"];
  if (command !== undefined) return fromProcess(command, context);
  const tokenFile = profile["web_identity_token_file"];
  const roleArn = profile["role_arn"];
  if (tokenFile !== undefined && roleArn !== undefined) {
    return fromWebIdentity({ tokenFile, roleArn, sessionName: profile["role_session_name"] }, context);
  }
  if (roleArn !== undefined || profile["sso_session"] !== undefined || profile["sso_start_url"] !== undefined) {
    throw unusable(context, "this profile needs a role or a single sign-on, which artifold does not do itself");
  }
  return undefined;
}

async function fromEnvironmentIdentity(context: CredentialContext): Promise<ExpiringCredentials | undefined> {
  const { environment } = context;
  const tokenFile = environment["AWS_WEB_IDENTITY_TOKEN_FILE"];
  const roleArn = environment["AWS_ROLE_ARN"];
  if (!tokenFile || !roleArn) return undefined;
  return fromWebIdentity({ tokenFile, roleArn, sessionName: environment["AWS_ROLE_SESSION_NAME"] }, context);
}

function keysOf(settings: AwsProfile): AwsCredentials | undefined {
  const accessKeyId = settings["aws_access_key_id"];
  const secretAccessKey = settings["aws_secret_access_key"];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: settings["aws_session_token"] || undefined };
}

function unusable({ url }: CredentialContext, message: string): ArtifoldError {
  return remoteError("DENIED", url, message, {
    hint: "Let credential_process of the profile run `aws configure export-credentials --format process`.",
  });
}

import { foreignText, remoteError } from "../errors.ts";
import { HttpServer } from "../exchange.ts";
import type { CredentialContext, ExpiringCredentials } from "./credential-context.ts";
import { childOf, parseXml, textOf } from "./xml.ts";

/** A role that a token in a file may take. */
export interface WebIdentity {
  readonly tokenFile: string;
  readonly roleArn: string;
  readonly sessionName: string | undefined;
}

const ANSWER_BYTES_MAX = 64 * 1024;

/**
 * Changes a web identity's token for credentials, at STS. The token goes in the body, not in the URL.
 *
 * @throws ArtifoldError DENIED when STS refuses, UNREACHABLE
 */
export async function fromWebIdentity(
  { tokenFile, roleArn, sessionName = "artifold" }: WebIdentity,
  { url, environment, region, readFile }: CredentialContext,
): Promise<ExpiringCredentials> {
  const token = readFile(tokenFile)?.trim();
  if (token === undefined) throw remoteError("DENIED", url, "the file with the web identity's token is not there");
  const endpoint = environment["AWS_ENDPOINT_URL_STS"] || `https://sts.${region}.amazonaws.com`;
  const server = new HttpServer(new URL(endpoint), { url, connectionsMax: 1 });
  try {
    const form = new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      WebIdentityToken: token,
    });
    const { status, body } = await server.send({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new TextEncoder().encode(String(form)),
      answerBytesMax: ANSWER_BYTES_MAX,
      signal: AbortSignal.timeout(30_000),
    });
    const root = parseXml(body);
    const found = childOf(childOf(root, "AssumeRoleWithWebIdentityResult"), "Credentials");
    const [accessKeyId, secretAccessKey] = [textOf(found, "AccessKeyId"), textOf(found, "SecretAccessKey")];
    const expiresAt = Date.parse(textOf(found, "Expiration") ?? "");
    if (status === 200 && accessKeyId && secretAccessKey && !Number.isNaN(expiresAt)) {
      return { accessKeyId, secretAccessKey, sessionToken: textOf(found, "SessionToken"), expiresAt };
    }
    const reason = foreignText(textOf(childOf(root, "Error"), "Message") ?? `status ${status}`, [token]);
    throw remoteError("DENIED", url, `STS gives no credentials for the web identity: ${reason}`, { status });
  } finally {
    server.close();
  }
}

/** Credentials that the machine itself has: of its container (ECS, EKS) or of its instance (EC2, IMDSv2). */
import { errnoOf, isArtifoldError } from "../../errors.ts";
import { remoteError } from "../errors.ts";
import { type HttpAnswer, type HttpRequest, HttpServer } from "../exchange.ts";
import { isLoopback } from "../url.ts";
import { type CredentialContext, type ExpiringCredentials, parseCredentialJson } from "./credential-context.ts";

const ANSWER_BYTES_MAX = 64 * 1024;
/** On a machine that is no instance nobody answers: then the user waits this long to hear that there are none. */
const INSTANCE_MS = 1_000;
const CONTAINER_MS = 5_000;
/** Where containers are told to ask without encryption. */
const containerHosts: readonly string[] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];

/** Credentials of the container; `undefined` where the environment names none. */
export async function fromContainer(context: CredentialContext): Promise<ExpiringCredentials | undefined> {
  const { environment, url, readFile } = context;
  const relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (!relative && !full) return undefined;
  const text = relative ? `http://169.254.170.2${relative}` : (full as string);
  const address = URL.canParse(text) ? new URL(text) : undefined;
  const isAllowed =
    address?.protocol === "https:" ||
    (address?.protocol === "http:" && (isLoopback(address.hostname) || containerHosts.includes(address.hostname)));
  if (address === undefined || !isAllowed) {
    throw remoteError("DENIED", url, "the address of the container's credentials is not one to send a token to");
  }
  const tokenFile = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  const token = tokenFile ? readFile(tokenFile)?.trim() : environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"];
  const headers: Record<string, string> = token ? { authorization: token } : {};
  const answer = await ask(context, address, CONTAINER_MS, {
    method: "GET",
    path: address.pathname + address.search,
    headers,
  });
  const credentials = answer.status === 200 ? parseCredentialJson(textOf(answer), "Token") : undefined;
  if (credentials !== undefined) return credentials;
  throw remoteError("DENIED", url, `the container has no credentials: status ${answer.status}`);
}

/** Credentials of the instance; `undefined` where there is no instance, or it has no role. */
export async function fromInstance(context: CredentialContext): Promise<ExpiringCredentials | undefined> {
  const { environment } = context;
  if (environment["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") return undefined;
  const address = new URL(environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] || "http://169.254.169.254");
  const get = (path: string, token: string): Promise<HttpAnswer> =>
    ask(context, address, INSTANCE_MS, { method: "GET", path, headers: { "x-aws-ec2-metadata-token": token } });
  const roles = "/latest/meta-data/iam/security-credentials/";
  try {
    const session = await ask(context, address, INSTANCE_MS, {
      method: "PUT",
      path: "/latest/api/token",
      headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21600" },
    });
    if (session.status !== 200) return undefined;
    const role = await get(roles, textOf(session));
    const [name] = textOf(role).split("\n");
    if (role.status !== 200 || name === undefined || !/^[\w+=,.@-]+$/.test(name)) return undefined;
    const answer = await get(roles + name, textOf(session));
    return answer.status === 200 ? parseCredentialJson(textOf(answer), "Token") : undefined;
  } catch (error) {
    // This machine is no instance, as most are.
    if (isArtifoldError(error, "UNREACHABLE") || isTimeout(error) || errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

async function ask(
  { url }: CredentialContext,
  address: URL,
  milliseconds: number,
  request: Pick<HttpRequest, "method" | "path" | "headers">,
): Promise<HttpAnswer> {
  const server = new HttpServer(address, { url, connectionsMax: 1 });
  try {
    return await server.send({
      ...request,
      answerBytesMax: ANSWER_BYTES_MAX,
      signal: AbortSignal.timeout(milliseconds),
    });
  } finally {
    server.close();
  }
}

function textOf({ body }: HttpAnswer): string {
  return new TextDecoder().decode(body);
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

import { exec } from "node:child_process";
import { remoteError } from "../errors.ts";
import { type CredentialContext, type ExpiringCredentials, parseCredentialJson } from "./credential-context.ts";

const PROCESS_MS = 60_000;

/**
 * Runs the credential_process of a profile, as a shell runs it. What it prints holds secrets and is never shown.
 *
 * @throws ArtifoldError DENIED when it gives none
 */
export async function fromProcess(
  command: string,
  { url, environment }: CredentialContext,
): Promise<ExpiringCredentials> {
  const output = await new Promise<string | undefined>((resolve) => {
    const options = { timeout: PROCESS_MS, maxBuffer: 1024 * 1024, env: { ...environment }, windowsHide: true };
    // Its error has the command and what it printed in its message: no cause to keep.
    exec(command, options, (error, stdout) => resolve(error === null ? stdout : undefined));
  });
  const credentials = output === undefined ? undefined : parseCredentialJson(output, "SessionToken");
  if (credentials !== undefined) return credentials;
  const what = output === undefined ? "failed" : "printed no credentials";
  throw remoteError("DENIED", url, `the credential_process of the profile ${what}`, {
    hint: "Run it by hand to see why.",
  });
}

/** Trouble with remotes, in one shape: the code, where, whether it happened, and whether to try again. */
import { ArtifoldError, type ErrorCode, type Happened } from "../errors.ts";

/** What can be said of trouble with a remote. */
export interface RemoteTrouble {
  readonly hint?: string | undefined;
  readonly happened?: Happened | undefined;
  readonly cause?: unknown;
  /** Whether trying again may help. Default false. */
  readonly transient?: boolean | undefined;
  /** How long the place asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The status of an HTTP answer. */
  readonly status?: number | undefined;
  /** What was to be created. */
  readonly key?: string | undefined;
}

/** Makes the error. `url` holds no secret, and neither may the message. */
export function remoteError(
  code: ErrorCode,
  url: string,
  message: string,
  { hint, happened, cause, transient = false, retryAfterMs, status, key }: RemoteTrouble = {},
): ArtifoldError {
  return new ArtifoldError(code, `${url}: ${message}`, {
    ...(hint !== undefined && { hint }),
    ...(happened !== undefined && { happened }),
    cause,
    info: {
      remote: url,
      transient,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(status !== undefined && { status }),
      ...(key !== undefined && { key }),
    },
  });
}

const FOREIGN_TEXT_MAX = 200;

/**
 * Text from outside, fit for a message: short, without control characters, and without our secrets, which a server that
 * means ill may have sent back.
 */
export function foreignText(text: string, secrets: readonly (string | undefined)[] = []): string {
  let plain = text;
  for (const secret of secrets) {
    if (secret !== undefined && secret !== "") plain = plain.replaceAll(secret, "…");
  }
  plain = plain.replace(/[\p{C}\p{Z}]+/gu, " ").trim();
  return plain.length > FOREIGN_TEXT_MAX ? `${plain.slice(0, FOREIGN_TEXT_MAX)}…` : plain;
}

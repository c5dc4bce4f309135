/** Says of what is malformed where it lies: who looks after a remote has to find it. */
import { ArtifoldError, isArtifoldError } from "../errors.ts";
import type { Remote } from "../remote/index.ts";

/** What a key of a remote says. @throws ArtifoldError as the decoder, with the remote and the key */
export function decodedAt<Result>({ url }: Remote, key: string, decode: () => Result): Result {
  try {
    return decode();
  } catch (error) {
    if (!isArtifoldError(error, "DAMAGED") && !isArtifoldError(error, "FORMAT_UNSUPPORTED")) throw error;
    const { code, message, hint } = error;
    throw new ArtifoldError(code, `${url}: ${key}: ${message}`, {
      cause: error,
      ...(hint != null && { hint }),
      info: { ...error.info, remote: url, key },
    });
  }
}

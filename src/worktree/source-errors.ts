/** What is said of a user's file or folder that could not be read, or did not stay as it was. */
import { ArtifoldError, errnoOf } from "../errors.ts";

/** The error for a file or folder of the user's that could not be read. */
export function readError(file: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const isForbidden = errno === "EACCES" || errno === "EPERM";
  return new ArtifoldError(errno === "ENOENT" ? "NOT_FOUND" : "READ_FAILED", `cannot read ${file}: ${explain(errno)}`, {
    cause: error,
    info: { path: file, errno },
    ...(isForbidden && { hint: "Give yourself the right to read it." }),
  });
}

/** The error for something that was found in a folder and is not what it was when it is read. */
export function changedError(file: string, what: string, cause?: unknown): ArtifoldError {
  return new ArtifoldError("FILE_CHANGED", `${file} ${what}`, {
    cause,
    info: { path: file },
    hint: "Wait until whatever writes there is done and try again, or pass --skip-unreadable.",
  });
}

/** The error for something that was found in a folder and could not be read. */
export function foundError(file: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (errno === "ENOENT") return changedError(file, "vanished while the folder was read", error);
  const isOther = errno === "ELOOP" || errno === "ENOTDIR" || errno === "EINVAL";
  return isOther
    ? changedError(file, "became something else while the folder was read", error)
    : readError(file, error);
}

function explain(errno: string): string {
  const known: Record<string, string> = {
    EACCES: "permission denied",
    EPERM: "not permitted",
    ENOENT: "it does not exist",
    ENOTDIR: "it, or a part of its path, is not a folder",
    EISDIR: "it is a folder",
    ELOOP: "too many links",
    EIO: "the disk reports an error",
    EMFILE: "too many open files",
  };
  return known[errno] === undefined ? errno : `${known[errno]} (${errno})`;
}

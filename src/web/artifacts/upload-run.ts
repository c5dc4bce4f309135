/** Makes a version of files that stand in the browser: small ones together, all told of, all or nothing. */
import { ApiError, type ArtifactParams, type FileToSend, type UploadView } from "../../client/index.ts";
import { clientWith } from "../shell/session.ts";
import { sendTold } from "./send-file.ts";
import type { ChosenFile } from "./upload-files.ts";

/** What the new version is to be. */
export interface UploadPlan {
  readonly artifact: ArtifactParams;
  readonly files: readonly ChosenFile[];
  /** The folder that they go to; "" for the root. */
  readonly folder: string;
  readonly message: string;
  readonly tags: readonly string[];
}

/** How far it is. */
export interface UploadProgress {
  /** Files that the server has. */
  readonly files: number;
  /** Their bytes, and what has gone of long ones that are under way. */
  readonly bytes: number;
  /** The file that was begun last. */
  readonly path: string;
}

/** Uploads. When it fails, or the signal aborts, nothing is left of it. */
export async function uploadFiles(
  plan: UploadPlan,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<UploadView> {
  const waiting = byPath(plan);
  const sent = { files: 0, bytes: 0, path: "" };
  const going = new Map<File, number>();
  const tell = (): void => {
    onProgress({ ...sent, bytes: [...going.values()].reduce((sum, bytes) => sum + bytes, sent.bytes) });
  };
  const begun = function* (): Generator<FileToSend> {
    for (const [path, content] of [...waiting]) {
      sent.path = path;
      tell();
      yield { path, content };
    }
  };
  const client = clientWith((path, init) => {
    const { body } = init;
    // A file that goes by itself; several are a body that is made of them.
    if (!(body instanceof File)) return fetch(path, init);
    return sendTold(path, init, (bytes) => {
      going.set(body, Math.min(bytes, body.size));
      tell();
    });
  });
  const { draft } = await client.call("openDraft", { params: plan.artifact, signal });
  try {
    await client.addFiles(draft, begun(), {
      signal,
      onSent: (files) => {
        for (const { path, size } of files) {
          going.delete(waiting.get(path) as File);
          waiting.delete(path);
          sent.files++;
          sent.bytes += size;
        }
        tell();
      },
    });
    const body = { ...(plan.message !== "" && { message: plan.message }), tags: plan.tags };
    return await client.call("finishDraft", { params: { draft }, body, signal });
  } catch (error) {
    await client.call("closeDraft", { params: { draft } }).catch(() => undefined);
    const isUnanswered = error instanceof ApiError && error.status === 0;
    throw (isUnanswered ? await unreadable(waiting) : undefined) ?? error;
  }
}

/** The files by their paths in the version. @throws Error when two have the same, of which only one would be kept */
function byPath({ files, folder }: UploadPlan): Map<string, File> {
  const prefix = folder.replace(/^\/+|\/+$/g, "");
  const found = new Map<string, File>();
  for (const { path, file } of files) {
    const at = prefix === "" ? path : `${prefix}/${path}`;
    if (found.has(at)) throw new Error(`two of the files are ${at}`);
    found.set(at, file);
  }
  return found;
}

/** Why files did not go, if it was one of them: it was changed or taken away since it was chosen. */
async function unreadable(files: ReadonlyMap<string, File>): Promise<Error | undefined> {
  for (const [path, file] of files) {
    try {
      await file.slice(0, 1).arrayBuffer();
    } catch (error) {
      return new Error(`${path} was changed or removed since it was chosen`, { cause: error });
    }
  }
  return undefined;
}

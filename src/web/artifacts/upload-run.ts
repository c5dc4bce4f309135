/** Makes a version of files that stand in the browser: some at a time, each told of, all or nothing. */
import type { ArtifactParams, UploadView } from "../../client/index.ts";
import { client } from "../shell/session.ts";
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
  readonly files: number;
  readonly bytes: number;
  /** The file that was begun last. */
  readonly path: string;
}

const AT_ONCE = 4;

/** Uploads. When it fails, or the signal aborts, nothing is left of it. */
export async function uploadFiles(
  plan: UploadPlan,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<UploadView> {
  const { draft } = await client.call("openDraft", { params: plan.artifact, signal });
  const progress = { files: 0, bytes: 0, path: "" };
  const prefix = plan.folder.replace(/^\/+|\/+$/g, "");
  const waiting = [...plan.files];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const path = prefix === "" ? next.path : `${prefix}/${next.path}`;
      progress.path = path;
      onProgress({ ...progress });
      await client.call("putFile", { params: { draft }, query: { path }, body: next.file, signal });
      progress.files++;
      progress.bytes += next.file.size;
      onProgress({ ...progress });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const body = { ...(plan.message !== "" && { message: plan.message }), tags: plan.tags };
    return await client.call("finishDraft", { params: { draft }, body, signal });
  } catch (error) {
    waiting.length = 0;
    await client.call("closeDraft", { params: { draft } }).catch(() => undefined);
    throw error;
  }
}

/** Reads what clients say of a version that they make or change. */
import { ArtifoldError } from "../errors.ts";
import { type Metadata, metadataText } from "../manifest/index.ts";
import { readJson } from "./bodies.ts";

/** What can be said of a version. */
export interface VersionChangeBody {
  readonly message?: string;
  readonly metadata?: Metadata;
  readonly tags?: readonly string[];
}

const TAGS_MAX = 100;

/** Reads a body that has some of these keys and no others. @throws ArtifoldError USAGE, LIMIT */
export async function readChange(
  request: Request,
  keys: readonly (keyof VersionChangeBody)[],
): Promise<VersionChangeBody> {
  const body = await readJson(request);
  for (const key of Object.keys(body)) {
    if (!(keys as readonly string[]).includes(key)) {
      throw new ArtifoldError("USAGE", `the body has no place for ${JSON.stringify(key)}`);
    }
  }
  const { message, metadata, tags } = body;
  if (message !== undefined && typeof message !== "string") throw new ArtifoldError("USAGE", "message is a text");
  const isList = Array.isArray(tags) && tags.length <= TAGS_MAX && tags.every((tag) => typeof tag === "string");
  if (tags !== undefined && !isList) throw new ArtifoldError("USAGE", `tags is a list of at most ${TAGS_MAX} texts`);
  if (metadata !== undefined) {
    const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
    if (!isObject) throw new ArtifoldError("USAGE", "metadata is an object");
    metadataText(metadata as Metadata);
  }
  return body as VersionChangeBody;
}

/** Whether objects are there, as far as that is known without reading them. */
import type { Digest } from "../digest/index.ts";
import type { ObjectStore } from "../objects/index.ts";
import { messageOf } from "./problem.ts";

/**
 * Why an object cannot be read; nothing where it can, for all that is known.
 *
 * @param isDamaged tells of objects that were found to be damaged
 */
export function whatLacks(
  objects: ObjectStore,
  digest: Digest,
  isDamaged: (digest: Digest) => boolean,
): string | undefined {
  if (isDamaged(digest)) return "it is damaged";
  let needs: readonly Digest[] | undefined;
  try {
    needs = objects.needsOf(digest);
  } catch (error) {
    return messageOf(error);
  }
  if (needs === undefined) return "it is in no file";
  const lost = needs.find((base) => isDamaged(base) || objects.locateWhole(base) === undefined);
  return lost === undefined ? undefined : `it goes on from ${lost}, which cannot be read`;
}

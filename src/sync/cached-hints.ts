/** Hints that are kept in the store's cache, for one remote. */
import type { HintCache } from "../catalog/index.ts";
import type { Digest } from "../digest/index.ts";
import { isArtifoldError } from "../errors.ts";
import { type RemotePlace, readChildPlaces, writeChildPlaces } from "../logs/index.ts";
import { Decoder, Encoder } from "../manifest/index.ts";
import type { HintMemory } from "./known-places.ts";

/** The hints of a remote, by its id. */
export function cachedHints(cache: HintCache, remote: Digest): HintMemory {
  const read = (object: Digest, kind: "children" | "root"): readonly (RemotePlace | undefined)[] | undefined => {
    const data = cache.get(remote, object, kind);
    return data && decode(data);
  };
  return {
    hintsOf: (node) => read(node, "children"),
    rootOf: (manifest) => read(manifest, "root")?.[0],
    rememberHints: (node, children) => cache.set(remote, node, "children", encode(children)),
    rememberRoot: (manifest, place) => cache.set(remote, manifest, "root", encode([place])),
  };
}

function encode(places: readonly (RemotePlace | undefined)[]): Uint8Array {
  const encoder = new Encoder(256);
  writeChildPlaces(encoder, places);
  return encoder.bytes();
}

/** What does not read as it was written is forgotten. */
function decode(data: Uint8Array): readonly (RemotePlace | undefined)[] | undefined {
  try {
    const decoder = new Decoder(data, "hints of the cache");
    const places = readChildPlaces(decoder);
    decoder.finish();
    return places;
  } catch (error) {
    if (!isArtifoldError(error, "DAMAGED")) throw error;
    return undefined;
  }
}

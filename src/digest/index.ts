/** BLAKE3 and the Digest type. */
export {
  blake3Implementation,
  contentHasher,
  EMPTY_DIGEST,
  type Hasher,
  hashContent,
  hashContentBytes,
  hashWithContext,
  hashWithContextBytes,
  useBlake3,
} from "./blake3.ts";
export { DIGEST_BYTES, type Digest, digestFromBytes, digestToBytes, isDigest } from "./digest.ts";

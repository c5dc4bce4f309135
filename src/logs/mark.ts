/** The mark of a remote: what kind of place it is, and which. */
import { DIGEST_BYTES, type Digest } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { Decoder, Encoder, utf8Length } from "../manifest/index.ts";

/** What the mark of a remote says. */
export interface RemoteMark {
  /** 32 random bytes: what tells remotes apart, whatever addresses they have. */
  readonly id: Digest;
}

const MARK_KIND = 6;
/** The format of remotes that this artifold writes. */
export const REMOTE_FORMAT = 1;
const NEEDS_MAX = 64;
const NEED_BYTES_MAX = 128;
/** More than the longest mark has. */
export const MARK_BYTES_MAX: number = 64 + DIGEST_BYTES + NEEDS_MAX * (NEED_BYTES_MAX + 3);

/** The bytes of a mark. */
export function encodeMark({ id }: RemoteMark): Uint8Array {
  const encoder = new Encoder(64);
  encoder.array(4);
  encoder.uint(MARK_KIND);
  encoder.uint(REMOTE_FORMAT);
  encoder.digest(id);
  encoder.array(0);
  return encoder.bytes();
}

/** Reads a mark. @throws ArtifoldError DAMAGED, or FORMAT_UNSUPPORTED for a remote of a newer artifold */
export function decodeMark(bytes: Uint8Array): RemoteMark {
  const decoder = new Decoder(bytes, "mark of a remote");
  // Of another format nothing but the number may be looked at.
  const length = decoder.array();
  if (length < 2 || decoder.uint() !== MARK_KIND) decoder.fail("another kind of record");
  const format = decoder.uint();
  if (format !== REMOTE_FORMAT) throw unsupported(`format ${format}`);
  if (length !== 4) decoder.fail("an array of 4 expected");
  const id = decoder.digest();
  const count = decoder.array();
  if (count > NEEDS_MAX) decoder.fail("too many needs");
  const needs = Array.from({ length: count }, () => {
    const need = decoder.string();
    if (utf8Length(need) > NEED_BYTES_MAX) decoder.fail("a need that is too long");
    return need;
  });
  decoder.finish();
  if (needs.length > 0) throw unsupported(`format ${format} with ${needs.join(", ")}`);
  return { id };
}

function unsupported(what: string): ArtifoldError {
  return new ArtifoldError("FORMAT_UNSUPPORTED", `the remote has ${what}`, {
    hint: `This artifold knows format ${REMOTE_FORMAT} of remotes. Update artifold.`,
  });
}

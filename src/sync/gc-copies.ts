/** Copies what is still needed of packs that are to go into new ones. */
import { type Digest, digestToBytes } from "../digest/index.ts";
import { ArtifoldError } from "../errors.ts";
import { type PackName, packKey } from "../logs/index.ts";
import { Frame, FrameEncoder, type ObjectType, type TablePlace } from "../objects/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";
import { singleFrames } from "./chunk-frames.ts";
import { PackSender } from "./pack-sender.ts";
import { Packing } from "./packing.ts";
import { SentObjects } from "./sent-objects.ts";

/** An object and where it lies. */
export interface DoomedObject {
  readonly digest: Digest;
  readonly pack: PackName;
  readonly place: TablePlace;
}

/** Objects that are in the frames of so many bytes go into the encoders before these are emptied. */
const WINDOW_BYTES: number = 16 * 1024 * 1024;

/**
 * Copies objects. Each is checked against its digest on the way.
 *
 * @param group what the names of the new packs begin with
 * @returns the new packs
 * @throws ArtifoldError DAMAGED when one is not what it should be
 */
export async function copyObjects(
  remote: Remote,
  objects: readonly DoomedObject[],
  group: string,
  call: RemoteCallOptions,
): Promise<readonly PackName[]> {
  const sender = new PackSender(remote, call);
  const to = { sent: new SentObjects(), sender };
  const packings = { data: new Packing("data", group, to), nodes: new Packing("nodes", group, to) };
  let encoders = new Map<ObjectType, FrameEncoder>();
  let bytes = 0;
  const empty = async (): Promise<void> => {
    for (const [type, encoder] of encoders) {
      const packing = type === "chunk" ? packings.data : packings.nodes;
      for (const frames of singleFrames(encoder.finish())) await packing.add(frames);
    }
    encoders = new Map();
    bytes = 0;
  };
  for (const [place, wanted] of byFrame(objects)) {
    const frame = await readFrame(remote, place, call);
    const { type } = frame.head;
    const encoder = encoders.get(type) ?? new FrameEncoder(type);
    encoders.set(type, encoder);
    for (const { digest, place: at } of wanted) {
      encoder.add({ digest: digestToBytes(digest), bytes: frame.object(at.index, digest) });
    }
    bytes += frame.head.rawLength;
    if (bytes >= WINDOW_BYTES) await empty();
  }
  await empty();
  await packings.data.seal();
  await packings.nodes.seal();
  await sender.settled();
  return sender.created;
}

/** A frame of a pack. */
interface FramePlace {
  readonly pack: PackName;
  readonly offset: number;
  readonly length: number;
}

function byFrame(objects: readonly DoomedObject[]): [FramePlace, DoomedObject[]][] {
  const frames = new Map<string, [FramePlace, DoomedObject[]]>();
  for (const object of objects) {
    const { pack, place } = object;
    const key = `${pack}:${place.offset}`;
    const known = frames.get(key);
    if (known === undefined) frames.set(key, [{ pack, offset: place.offset, length: place.length }, [object]]);
    else known[1].push(object);
  }
  return [...frames.values()];
}

async function readFrame(
  remote: Remote,
  { pack, offset, length }: FramePlace,
  call: RemoteCallOptions,
): Promise<Frame> {
  const bytes = await remote.read(packKey(pack), { offset, length }, call);
  if (bytes?.length !== length) {
    throw new ArtifoldError("DAMAGED", `${remote.url}: the pack ${pack} is gone, or shorter than it was`);
  }
  const frame = new Frame(bytes);
  if (frame.bases.length > 0) throw new ArtifoldError("DAMAGED", `${remote.url}: a delta in the pack ${pack}`);
  frame.open();
  return frame;
}

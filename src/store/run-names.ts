/** Names for runs that are given none: two words and a number, as in "sable-life-1". */
import { randomBytes } from "../platform/index.ts";

/** 64 words each, so that six bits choose one. */
const first: readonly string[] = (
  "amber ample ashen azure birch bold brave brisk calm cedar chalk clear coral crisp dawn deep " +
  "dune early ember fair fern fleet fresh frost gentle glad golden grand green hazel honest ivory " +
  "jade keen kind late light lively lunar maple mellow mild misty noble north ocean olive opal " +
  "pale patient plain proud quick quiet rapid river sable silver solar still swift umber warm wild"
).split(" ");
const second: readonly string[] = (
  "arc atlas bay beacon bloom branch breeze bridge brook canyon cloud comet cove creek crest delta " +
  "drift echo field flame forest garden glade grove harbor haven hill horizon island lagoon lake leaf " +
  "life lantern meadow mesa moon mountain orbit orchard path peak pebble pine planet plateau pond prairie " +
  "reef ridge sail shore sky spark spring star stone stream summit tide trail valley wave wind"
).split(" ");

/** A random name that ends in a number. */
export function randomRunName(number: number): string {
  const [one, two] = randomBytes(2) as Uint8Array & [number, number];
  return `${first[one % first.length]}-${second[two % second.length]}-${number}`;
}

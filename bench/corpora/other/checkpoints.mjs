/** Checkpoints of a training: weights in bfloat16, of which some layers are frozen and all others change a little. */
import path from "node:path";
import { writeBlocks } from "../files.mjs";
import { randomIntegers } from "../seeded.mjs";

const LAYERS = 24;
const FROZEN = 14;
const LAYER_VALUES = 4 << 20;
const BLOCK_VALUES = 1 << 19;
/** Of weights, and of what a step of training adds to them. */
const SPREAD = 0.02;
const STEP = 0.0002;

export function checkpoints(scale) {
  const values = Math.max(BLOCK_VALUES >> 6, Math.round(LAYER_VALUES * scale));
  const mib = ((LAYERS * values * 2) / 2 ** 20).toLocaleString("en-US", { maximumFractionDigits: 1 });
  return {
    about: `the weights of a model, one file of ${mib} MiB of bfloat16 in ${LAYERS} layers`,
    make: (tree) => writeBlocks(fileOf(tree, 1), weights(values, 0)),
    changes: {
      v2: {
        about: `a second file beside it, with ${FROZEN} layers equal and all values of the others moved by about a hundredth`,
        make: (tree) => writeBlocks(fileOf(tree, 2), weights(values, 1)),
      },
    },
    steps: ["first", "unchanged", "v2", "download", "switch", "verify"],
  };
}

function fileOf(tree, epoch) {
  return path.join(tree, `epoch-${epoch}`, "model.weights");
}

/** Layer after layer. @param epoch how many steps were made after the first */
function* weights(values, epoch) {
  for (let layer = 0; layer < LAYERS; layer++) {
    const next = randomIntegers(`checkpoints ${layer}`);
    const moves = epoch > 0 && layer >= FROZEN ? randomIntegers(`checkpoints ${layer} ${epoch}`) : undefined;
    for (let left = values; left > 0; left -= BLOCK_VALUES) {
      yield blockOf(Math.min(left, BLOCK_VALUES), next, moves);
    }
  }
}

function blockOf(values, next, moves) {
  const wide = new Float32Array(1);
  const bits = new Uint32Array(wide.buffer);
  const block = Buffer.allocUnsafe(values * 2);
  for (let at = 0; at < values; at++) {
    wide[0] = SPREAD * bell(next) + (moves === undefined ? 0 : STEP * bell(moves));
    // The upper half of a float is a bfloat16.
    block.writeUInt16LE(bits[0] >>> 16, at * 2);
  }
  return block;
}

/** Close to a normal distribution, of variance 1: four even numbers of 16 bits added up. */
function bell(next) {
  const [one, other] = [next(), next()];
  const sum = (one & 0xffff) + (one >>> 16) + (other & 0xffff) + (other >>> 16);
  return (sum / 65_536 - 2) * 1.732;
}

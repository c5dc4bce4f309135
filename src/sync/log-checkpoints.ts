/** Finds the checkpoints of a log. */
import { type Block, blockOfKey, checkpointKey, checkpointPrefix, type LogName, lastSlot } from "../logs/index.ts";
import type { Remote, RemoteCallOptions } from "../remote/index.ts";

/** Keys that one request brings. */
const PAGE_KEYS = 1000;

/** The checkpoints of what comes after a slot. Of a very long log each level is asked for from that slot on. */
export async function listBlocks(
  remote: Remote,
  log: LogName,
  from: number,
  call: RemoteCallOptions,
): Promise<Block[]> {
  const blocks: Block[] = [];
  let keys = 0;
  for await (const { key } of remote.list(checkpointPrefix(log), undefined, call)) {
    const block = blockOfKey(log, key);
    if (block !== undefined && lastSlot(block) > from) blocks.push(block);
    // Those of the highest level come first: what is left are the many small ones.
    if (++keys === PAGE_KEYS && block !== undefined) {
      const covered = blocks.reduce((most, each) => Math.max(most, lastSlot(each)), from);
      return [...blocks, ...(await lowerBlocks(remote, log, block, covered, call))];
    }
  }
  return blocks;
}

/** The rest of a level, and the lower ones, of what comes after a slot. */
async function lowerBlocks(
  remote: Remote,
  log: LogName,
  after: Block,
  from: number,
  call: RemoteCallOptions,
): Promise<Block[]> {
  const blocks: Block[] = [];
  let covered = from;
  for (let level = after.level; level >= 1; level--) {
    const passed = Math.floor(covered / 8 ** level) - 1;
    const number = level === after.level ? Math.max(passed, after.number) : passed;
    const start = number < 0 ? undefined : checkpointKey(log, { level, number });
    const prefix = checkpointKey(log, { level, number: 0 }).slice(0, checkpointPrefix(log).length + 1);
    for await (const { key } of remote.list(prefix, start, call)) {
      const block = blockOfKey(log, key);
      if (block === undefined) continue;
      blocks.push(block);
      covered = Math.max(covered, lastSlot(block));
    }
  }
  return blocks;
}

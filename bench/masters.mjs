/** Corpora as they were made once, for all cycles to copy from. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { CORPORA } from "./corpora/index.mjs";

/**
 * Makes a corpus, unless it lies there from before.
 *
 * @returns its folder: the first version is in `first`, what later ones need beside it
 */
export function masterOf(corpus, scale, work, say) {
  const folder = path.join(work, "corpora", `${corpus.master}-${scale}-${CORPORA}`);
  if (existsSync(folder)) return folder;
  say(`making ${corpus.name}: ${corpus.about}`);
  const making = `${folder}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  corpus.make(path.join(making, "first"), making);
  renameSync(making, folder);
  return folder;
}

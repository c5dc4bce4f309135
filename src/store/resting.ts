/**
 * What a draft that rests relies on. It holds no lock meanwhile, so that content may be taken away from the store; whether
 * some was is seen when it goes on: see docs/design/017-resting-drafts.md.
 */
import path from "node:path";
import { segmentPath } from "../journal/index.ts";
import { adoptedPath, packPath, type WrittenContent } from "../objects/index.ts";
import type { Engine } from "./engine.ts";

/** The files that what a draft needs may lie in: all of the store's, and its own, of which nobody else was told. */
export class RestingContent {
  readonly #engine: Engine;
  readonly #stored: ReadonlySet<string>;
  readonly #own: readonly { readonly path: string; readonly bytes: number }[];

  /** @param own what the draft has made durable. It still holds the lock */
  constructor(engine: Engine, { packs, files }: Pick<WrittenContent, "packs" | "files">) {
    this.#engine = engine;
    this.#stored = filesOf(engine);
    this.#own = [
      ...packs.map(({ name, bytes }) => ({ path: packPath(name), bytes })),
      ...files.map(({ name, bytes }) => ({ path: adoptedPath(name), bytes })),
    ];
  }

  /** Whether all of it is there. The draft holds the lock again, and the catalog was refreshed since. */
  isWhole(): boolean {
    const { fs, folder } = this.#engine;
    const now = filesOf(this.#engine);
    for (const file of this.#stored) if (!now.has(file)) return false;
    return this.#own.every((own) => fs.lookAt(path.join(folder, own.path))?.size === own.bytes);
  }
}

/** The files of a store that hold content, with the journal's last segment, which becomes one of them when it is sealed. */
function filesOf({ catalog }: Engine): Set<string> {
  const files = new Set(catalog.contentFiles().map((file) => file.path));
  const position = catalog.position();
  if (position !== undefined) files.add(segmentPath(position.segment));
  return files;
}

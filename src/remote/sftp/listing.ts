/** Lists of keys over SFTP: folder by folder, each read to its end and sorted before it is given. */
import type { Stats } from "ssh2";
import { TEMPORARY_PREFIX } from "../../platform/index.ts";
import { SortedRuns } from "../folder-list.ts";
import { keyProblem } from "../key.ts";
import type { ListedKey, OnTraffic } from "../remote.ts";
import { mayBegin } from "../subtree.ts";
import type { SftpFiles } from "./files.ts";

/** What names of one folder may take in memory: over a million of keys. More is a folder that does not end. */
const NAMES_BYTES_MAX: number = 128 * 1024 * 1024;
/** What a name takes beside its characters, about. */
const NAME_BYTES = 96;

/** What a listing needs of the remote. */
export interface ListedPlace {
  /** Runs a call as a request of its own. */
  names<Result>(call: (files: SftpFiles, tell: OnTraffic) => Promise<Result>): Promise<Result>;
  pathOf(key: string): string;
  strange(key: string): Error;
  /** What is thrown at a server that cannot be believed. */
  damaged(why: string): Error;
  /** Hears of temporary files. */
  onTemporary(path: string, stat: Stats): void;
}

interface Found {
  readonly name: string;
  /** `undefined` of folders. */
  readonly size: number | undefined;
}

/** One list. */
export class SftpListing {
  readonly #place: ListedPlace;
  readonly #prefix: string;
  readonly #after: string;
  /** What the names of the folder that is read take. */
  #namesBytes = 0;

  constructor(place: ListedPlace, prefix: string, after: string) {
    this.#place = place;
    this.#prefix = prefix;
    this.#after = after;
  }

  /** @param folder "" or a folder of keys with "/" behind it */
  async *below(folder: string): AsyncGenerator<ListedKey, void, undefined> {
    for (const { name, size } of await this.#namesOf(folder)) {
      const key = folder + name;
      if (size === undefined) yield* this.below(`${key}/`);
      else if (key.startsWith(this.#prefix) && key > this.#after) yield { key, size };
    }
  }

  #namesOf(folder: string): Promise<Iterable<Found>> {
    return this.#place.names(async (files, tell) => {
      const found = new SortedRuns<Found>();
      this.#namesBytes = 0;
      const path = this.#place.pathOf(folder === "" ? "." : folder.slice(0, -1));
      const handle = await files.openFolder(path);
      // Gone meanwhile, or no folder: then there is nothing below it.
      if (handle === undefined) return [];
      try {
        for (let names = await files.nextNames(handle); names !== undefined; names = await files.nextNames(handle)) {
          await tell(
            "received",
            names.reduce((sum, { filename }) => sum + filename.length, 0),
          );
          for (const { filename, attrs } of names) this.#add(found, folder, filename, attrs);
        }
      } finally {
        await files.close(handle).catch(() => undefined);
      }
      return found.inOrder();
    });
  }

  #add(found: SortedRuns<Found>, folder: string, name: string, stat: Stats): void {
    const key = folder + name;
    const isTemporary = name.startsWith(TEMPORARY_PREFIX);
    if (isTemporary) this.#place.onTemporary(this.#place.pathOf(key), stat);
    const isKey = !name.includes("/") && keyProblem(key) === undefined && mayBegin(key, this.#prefix, this.#after);
    if (isKey || isTemporary) this.#namesBytes += NAME_BYTES + name.length;
    if (this.#namesBytes > NAMES_BYTES_MAX) throw this.#place.damaged(`the folder ${folder} does not end`);
    if (!isKey) return;
    if (stat.isDirectory()) found.add({ name, size: undefined });
    else if (!stat.isFile()) throw this.#place.strange(key);
    else if (!Number.isSafeInteger(stat.size)) throw this.#place.damaged(`${key} has a size that is none`);
    else found.add({ name, size: stat.size });
  }
}

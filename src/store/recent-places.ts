/** Where the objects of the journal's last segment lie: rows of the catalog, asked through a filter once many are asked for. */
import type { Catalog } from "../catalog/index.ts";
import { type JournalPosition, segmentPath } from "../journal/index.ts";
import { DigestFilter, filterLength, type Place, type RecentPlaces } from "../objects/index.ts";

/** So many questions about one state of the catalog, and it pays to read all digests for the filter. */
const QUESTIONS_WITHOUT_FILTER = 256;

/** The places that one state of the catalog knows. */
export class CatalogPlaces implements RecentPlaces {
  #catalog: Catalog | undefined;
  #count = 0;
  #questions = 0;
  #filter: DigestFilter | undefined;

  /** Says that the catalog may know other places than before. */
  follow(catalog: Catalog): void {
    this.#catalog = catalog;
    this.#count = catalog.placeCount();
    this.#questions = 0;
    this.#filter = undefined;
  }

  find(digest: Buffer): Place | undefined {
    const catalog = this.#catalog;
    if (catalog === undefined || this.#count === 0) return undefined;
    if (this.#questions++ === QUESTIONS_WITHOUT_FILTER) this.#filter = this.#filled(catalog);
    if (this.#filter?.mayHave(digest, 0) === false) return undefined;
    const place = catalog.place(digest);
    if (place === undefined) return undefined;
    return { ...place, path: segmentPath((catalog.position() as JournalPosition).segment) };
  }

  #filled(catalog: Catalog): DigestFilter {
    const filter = new DigestFilter(new Uint8Array(filterLength(this.#count)));
    for (const digest of catalog.placedDigests()) filter.add(digest, 0);
    return filter;
  }
}

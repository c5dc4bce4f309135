/** What is told of entries that have no content here: references and links. */
import type { JSX } from "preact";
import type { EntryDetails } from "../../client/index.ts";
import { Copy, Digest } from "../parts/bits.tsx";
import { plainly, size } from "../parts/text.ts";
import { parentOf } from "./place.ts";

/** What is told of such an entry. */
export interface EntryFactsProps {
  readonly entry: EntryDetails;
  /** The address of a path of the version. */
  readonly to: (path: string) => string;
}

/** What it names, as far as that is known. */
export function EntryFacts({ entry, to }: EntryFactsProps): JSX.Element {
  if (entry.kind === "reference") return <Reference entry={entry} />;
  if (entry.kind === "link") return <Link entry={entry} to={to} />;
  return (
    <p>
      <a href={to(entry.path)}>Open the folder</a>
    </p>
  );
}

function Reference({ entry: { uri = "", size: bytes, digest } }: Pick<EntryFactsProps, "entry">): JSX.Element {
  return (
    <dl class="definition">
      <dt>Reference to</dt>
      <dd>
        <span class="name">{plainly(uri)}</span>
        <Copy text={uri} what="the URI" />
      </dd>
      <dt>Size</dt>
      <dd>{bytes === 0 && digest === null ? <span class="soft">not known</span> : size(bytes)}</dd>
      {digest !== null && (
        <>
          <dt>Digest</dt>
          <dd>
            <Digest value={digest} what="the digest of the content" />
          </dd>
        </>
      )}
    </dl>
  );
}

function Link({ entry: { path, target = "" }, to }: EntryFactsProps): JSX.Element {
  const led = resolved(parentOf(path), target);
  return (
    <dl class="definition">
      <dt>Link to</dt>
      <dd>
        {led === undefined ? (
          <span class="name">{plainly(target)}</span>
        ) : (
          <a class="name" href={to(led)}>
            {plainly(target)}
          </a>
        )}
      </dd>
    </dl>
  );
}

/** Where a target leads from a folder; `undefined` where that is the root or outside of the version. */
function resolved(folder: string, target: string): string | undefined {
  if (target.startsWith("/")) return undefined;
  const way = folder === "" ? [] : folder.split("/");
  for (const part of target.split("/")) {
    if (part === "..") {
      if (way.pop() === undefined) return undefined;
    } else if (part !== "" && part !== ".") way.push(part);
  }
  return way.length === 0 ? undefined : way.join("/");
}

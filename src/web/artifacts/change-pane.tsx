/** One file before and after: text with its lines, images side by side, all else each for itself. */
import { structuredPatch } from "diff";
import type { JSX } from "preact";
import type { ChangeItem, EntryDetails, VersionParams } from "../../client/index.ts";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { plainly, plainText, size } from "../parts/text.ts";
import { looksLikeText, previewOf } from "../previews/kinds.ts";
import { Preview } from "../previews/preview.tsx";
import { type FileSource, readHead, readRange } from "../previews/source.ts";
import { EntryFacts } from "./entry-facts.tsx";

/** What the pane is told. */
export interface ChangePaneProps {
  readonly change: ChangeItem;
  /** The version that the change begins at, and the one that it leads to. */
  readonly before: VersionParams;
  readonly after: VersionParams;
  /** The address of a path of either. */
  readonly to: (version: VersionParams, path: string) => string;
}

/** Texts up to this size are compared. */
const COMPARED_MAX_BYTES = 524_288;
const CONTEXT_LINES = 3;
const COMPARE_MS = 1000;

/** The pane. */
export function ChangePane({ change, before, after, to }: ChangePaneProps): JSX.Element {
  const { path, kind } = change;
  const sides: Side[] = [];
  if (change.before !== null) sides.push({ entry: change.before, params: before, name: "Before", kind: "removed" });
  if (change.after !== null) sides.push({ entry: change.after, params: after, name: "After", kind: "added" });
  const [old, made] = sides;
  const areFiles = sides.every(({ entry }) => entry.kind === "file");
  return (
    <aside class="file-pane" aria-label="The chosen change">
      <h2 class="name">{plainly(path)}</h2>
      {old !== undefined && made !== undefined && areFiles ? (
        <Both old={old} made={made} to={to} />
      ) : (
        <SideBySide sides={sides} to={to} isOne={kind !== "modified"} />
      )}
    </aside>
  );
}

/** An entry before or after. */
interface Side {
  readonly entry: EntryDetails;
  readonly params: VersionParams;
  readonly name: "Before" | "After";
  readonly kind: "removed" | "added";
}

interface BothProps extends Pick<ChangePaneProps, "to"> {
  readonly old: Side;
  readonly made: Side;
}

function Both({ old, made, to }: BothProps): JSX.Element {
  const isSame = old.entry.digest === made.entry.digest;
  const texts = useLoad(isSame ? "" : `texts/${JSON.stringify([sourceOf(old), sourceOf(made)])}`, (signal) =>
    textsOf([old, made], signal),
  );
  if (isSame)
    return <p class="soft">The content is the same. What changed is whether it may be executed, or its kind.</p>;
  return (
    <Awaited of={texts} what="difference">
      {(found) =>
        found === undefined || found === "long" ? (
          <>
            {found === "long" && (
              <p class="soft">Texts above {size(COMPARED_MAX_BYTES)} are not compared line by line.</p>
            )}
            <SideBySide sides={[old, made]} to={to} />
          </>
        ) : (
          <Lines left={found[0]} right={found[1]} />
        )
      }
    </Awaited>
  );
}

function sourceOf({ params, entry }: Side): FileSource {
  return { params, path: entry.path };
}

/** The two texts; "long" where they are too long to be compared, `undefined` where one of the files is no text. */
async function textsOf(
  [old, made]: readonly [Side, Side],
  signal: AbortSignal,
): Promise<readonly [string, string] | "long" | undefined> {
  const isLong = Math.max(old.entry.size, made.entry.size) > COMPARED_MAX_BYTES;
  const left = await textOf(old, isLong, signal);
  const right = left === undefined ? undefined : await textOf(made, isLong, signal);
  if (left === undefined || right === undefined) return undefined;
  return isLong ? "long" : [left, right];
}

/** The text of a file, or of its beginning; `undefined` of what is none. */
async function textOf(side: Side, isBeginning: boolean, signal: AbortSignal): Promise<string | undefined> {
  if (side.entry.size === 0) return "";
  const source = sourceOf(side);
  const head = await readHead(source, signal);
  if (previewOf(source.path, head.bytes) === "image" || !looksLikeText(head.bytes)) return undefined;
  const isEnough = isBeginning || head.bytes.length >= head.size;
  return new TextDecoder().decode(isEnough ? head.bytes : await readRange(source, 0, head.size, signal));
}

function Lines({ left, right }: { readonly left: string; readonly right: string }): JSX.Element {
  const patch = structuredPatch("", "", left, right, "", "", { context: CONTEXT_LINES, timeout: COMPARE_MS });
  if (patch === undefined) return <p class="soft">The two have too little in common to be shown line by line.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="code diff-lines" tabIndex={0} aria-label="Changed lines">
      {patch.hunks.map((hunk) => (
        <div key={hunk.oldStart}>
          <p class="hunk soft">
            line {hunk.newStart}
            {hunk.newLines > 1 && ` to ${hunk.newStart + hunk.newLines - 1}`}
          </p>
          {hunk.lines.map((line, at) => (
            <div key={at} class={classOf(line)}>
              <span class="sign" aria-hidden="true">
                {line[0] === "-" ? "−" : line[0]}
              </span>
              <span>{plainText(line.slice(1).replaceAll("\t", "    "))}</span>
            </div>
          ))}
        </div>
      ))}
    </section>
  );
}

function classOf(line: string): string {
  return line.startsWith("+") ? "line added" : line.startsWith("-") ? "line removed" : "line";
}

interface SideBySideProps extends Pick<ChangePaneProps, "to"> {
  readonly sides: readonly Side[];
  /** Whether there is but one of them. */
  readonly isOne?: boolean;
}

function SideBySide({ sides, to, isOne = false }: SideBySideProps): JSX.Element {
  return (
    <div class={isOne ? "stack" : "sides"}>
      {sides.map((side) => (
        <section key={side.name} class={`side-one ${side.kind}`} aria-label={side.name}>
          {!isOne && (
            <h3>
              {side.name}
              {side.entry.kind === "file" && `, ${size(side.entry.size)}`}
            </h3>
          )}
          {side.entry.kind === "file" ? (
            <Preview source={sourceOf(side)} size={side.entry.size} />
          ) : (
            <EntryFacts entry={side.entry} to={(path) => to(side.params, path)} />
          )}
        </section>
      ))}
    </div>
  );
}

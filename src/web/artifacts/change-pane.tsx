/** One file before and after: text with its lines, images side by side, all else each for itself. */
import { structuredPatch } from "diff";
import type { JSX } from "preact";
import type { ChangeItem, VersionParams } from "../../client/index.ts";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";
import { plainly, size } from "../parts/text.ts";
import { looksLikeText, previewOf } from "../previews/kinds.ts";
import { Preview } from "../previews/preview.tsx";
import { type FileSource, readHead, readRange } from "../previews/source.ts";

/** What the pane is told. */
export interface ChangePaneProps {
  readonly change: ChangeItem;
  /** The version that the change begins at, and the one that it leads to. */
  readonly before: VersionParams;
  readonly after: VersionParams;
}

/** Texts up to this size are compared. */
const COMPARED_MAX_BYTES = 524_288;
const CONTEXT_LINES = 3;
const COMPARE_MS = 1000;

/** The pane. */
export function ChangePane({ change, before, after }: ChangePaneProps): JSX.Element {
  const { path, kind } = change;
  const old = change.before?.kind === "file" ? { params: before, path } : undefined;
  const made = change.after?.kind === "file" ? { params: after, path } : undefined;
  return (
    <aside class="file-pane" aria-label="The chosen change">
      <h2 class="name">{plainly(path)}</h2>
      {old !== undefined && made !== undefined ? (
        <Both old={old} made={made} change={change} />
      ) : (
        <One source={old ?? made} kind={kind} />
      )}
    </aside>
  );
}

function One({ source, kind }: { readonly source: FileSource | undefined; readonly kind: string }): JSX.Element {
  if (source === undefined) return <p class="soft">There is no content to show.</p>;
  return (
    <div class={`side-one ${kind}`}>
      <Preview source={source} />
    </div>
  );
}

interface BothProps {
  readonly old: FileSource;
  readonly made: FileSource;
  readonly change: ChangeItem;
}

function Both({ old, made, change }: BothProps): JSX.Element {
  const isSame = change.before?.digest === change.after?.digest;
  const largest = Math.max(change.before?.size ?? 0, change.after?.size ?? 0);
  const texts = useLoad(
    isSame || largest > COMPARED_MAX_BYTES ? "" : `texts/${JSON.stringify([old, made])}`,
    async (signal) => [await textOf(old, signal), await textOf(made, signal)] as const,
  );
  if (isSame)
    return <p class="soft">The content is the same. What changed is whether it may be executed, or its kind.</p>;
  if (largest > COMPARED_MAX_BYTES) return <SideBySide old={old} made={made} change={change} />;
  return (
    <Awaited of={texts} what="difference">
      {([left, right]) =>
        left === undefined || right === undefined ? (
          <SideBySide old={old} made={made} change={change} />
        ) : (
          <Lines left={left} right={right} />
        )
      }
    </Awaited>
  );
}

/** The whole text of a file; `undefined` of what is none. */
async function textOf(source: FileSource, signal: AbortSignal): Promise<string | undefined> {
  const head = await readHead(source, signal);
  if (previewOf(source.path, head.bytes) === "image" || !looksLikeText(head.bytes)) return undefined;
  const isWhole = head.bytes.length >= head.size;
  return new TextDecoder().decode(isWhole ? head.bytes : await readRange(source, 0, head.size, signal));
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
              <span>{plainly(line.slice(1).replaceAll("\t", "    "))}</span>
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

function SideBySide({ old, made, change }: BothProps): JSX.Element {
  return (
    <div class="sides">
      <section class="side-one removed" aria-label="Before">
        <h3>Before, {size(change.before?.size ?? 0)}</h3>
        <Preview source={old} />
      </section>
      <section class="side-one added" aria-label="After">
        <h3>After, {size(change.after?.size ?? 0)}</h3>
        <Preview source={made} />
      </section>
    </div>
  );
}

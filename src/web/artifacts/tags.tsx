/** The tags of a version: shown, set, taken away. */
import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { VersionDetails } from "../../client/index.ts";
import { Icon } from "../parts/icon.tsx";
import { say } from "../shell/notes.tsx";
import { client, mayWrite } from "../shell/session.ts";
import { paramsOf } from "./place.ts";

/** Tags, and a field for one more. */
export function Tags({ version }: { readonly version: VersionDetails }): JSX.Element {
  const [isAdding, setAdding] = useState(false);
  const mayChange = mayWrite.value && !version.removed;
  return (
    <ul class="tags" aria-label="Tags">
      {version.isLatest && (
        <li class="tag latest" title="The newest version. This tag moves by itself.">
          latest
        </li>
      )}
      {version.tags.map((tag) => (
        <li key={tag} class="tag">
          <span class="name clip" title={tag}>
            {tag}
          </span>
          {mayChange && (
            <button type="button" title={`Take tag ${tag} away`} onClick={() => void change("removeTag", version, tag)}>
              <Icon name="cross" />
              <span class="unseen">Take tag {tag} away</span>
            </button>
          )}
        </li>
      ))}
      {mayChange && (
        <li>
          {isAdding ? (
            <NewTag
              onDone={async (tag) => {
                if (tag === "" || (await change("setTag", version, tag))) setAdding(false);
              }}
            />
          ) : (
            <button type="button" class="button bare small" onClick={() => setAdding(true)}>
              <Icon name="tag" /> Tag
            </button>
          )}
        </li>
      )}
    </ul>
  );
}

/** Stays, with what was typed, until it is done. */
function NewTag({ onDone }: { readonly onDone: (tag: string) => Promise<void> }): JSX.Element {
  const [tag, setTag] = useState("");
  const box = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => box.current?.focus(), []);
  return (
    <form
      class="new-tag"
      onSubmit={(event) => {
        event.preventDefault();
        void onDone(tag.trim());
      }}
    >
      <input
        ref={box}
        class="field"
        aria-label="New tag"
        placeholder="prod"
        value={tag}
        onInput={(event) => setTag(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") void onDone("");
        }}
      />
      <button type="submit" class="button">
        Set
      </button>
    </form>
  );
}

/** @returns whether it was done */
async function change(how: "setTag" | "removeTag", version: VersionDetails, tag: string): Promise<boolean> {
  try {
    await client.call(how, { params: { ...paramsOf(version), tag } });
    say(how === "setTag" ? `${version.name} ${version.version} is tagged ${tag}` : `Tag ${tag} was taken away`);
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), { isWrong: true });
    return false;
  }
}

/** Short notes at the edge of the page: what was done, what went wrong. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Icon } from "../parts/icon.tsx";

interface Note {
  readonly id: number;
  readonly text: string;
  readonly isWrong: boolean;
}

const SHOWN_MS = 8000;
const notes = signal<readonly Note[]>([]);
let next = 0;

/** Says something. What went wrong stays until it is put away. */
export function say(text: string, { isWrong = false }: { readonly isWrong?: boolean } = {}): void {
  const note = { id: next++, text, isWrong };
  notes.value = [...notes.value.slice(-3), note];
  if (!isWrong) setTimeout(() => forget(note.id), SHOWN_MS);
}

function forget(id: number): void {
  notes.value = notes.value.filter((note) => note.id !== id);
}

/** Where notes appear. They are read out as they come. */
export function Notes(): JSX.Element {
  return (
    <div class="notes" aria-live="polite">
      {notes.value.map(({ id, text, isWrong }) => (
        <div key={id} class={isWrong ? "note wrong" : "note"} role={isWrong ? "alert" : undefined}>
          <span class="name">{text}</span>
          <button type="button" class="button bare" aria-label="Put this note away" onClick={() => forget(id)}>
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}

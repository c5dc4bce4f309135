/** A JSON value as a list of names and values, nested as it is. */
import type { JSX } from "preact";
import type { Json } from "../../client/index.ts";

/** Items of one list or object that are shown at once. */
const SHOWN = 200;
const LINE_ITEMS = 12;
const LINE_LETTERS = 24;

/** Shows a value. What is nested can be closed. */
export function JsonView({ value }: { readonly value: Json }): JSX.Element {
  if (typeof value !== "object" || value === null) return <Leaf value={value} />;
  const entries = Object.entries(value);
  if (entries.length === 0) return <p class="soft small">{Array.isArray(value) ? "An empty list" : "None"}</p>;
  return (
    <dl class="json">
      {entries.slice(0, SHOWN).map(([name, each]) => (
        <Item key={name} name={name} value={each} />
      ))}
      {entries.length > SHOWN && <p class="soft">and {entries.length - SHOWN} more</p>}
    </dl>
  );
}

function Item({ name, value }: { readonly name: string; readonly value: Json }): JSX.Element {
  const isNested = typeof value === "object" && value !== null && Object.keys(value).length > 0 && !isShort(value);
  if (!isNested) {
    return (
      <div class="json-item">
        <dt class="name">{name}</dt>
        <dd>
          <Leaf value={value} />
        </dd>
      </div>
    );
  }
  return (
    <div class="json-item nested">
      <dt class="name">{name}</dt>
      <dd>
        <JsonView value={value} />
      </dd>
    </div>
  );
}

/** A list that is told in a line: of a few numbers or words. */
function isShort(value: Json): value is readonly Json[] {
  if (!Array.isArray(value) || value.length > LINE_ITEMS) return false;
  return value.every((each) => typeof each !== "object" && String(each).length <= LINE_LETTERS);
}

function Leaf({ value }: { readonly value: Json }): JSX.Element {
  if (typeof value === "string") return <span class="name">{value}</span>;
  if (isShort(value) && value.length > 0) return <span class="name">{value.map(String).join(", ")}</span>;
  return <code class={value === null ? "soft" : undefined}>{JSON.stringify(value)}</code>;
}

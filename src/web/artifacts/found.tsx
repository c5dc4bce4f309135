/** Files that fit a glob, as they are found. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { EntryItem } from "../../client/index.ts";
import { Trouble } from "../parts/bits.tsx";
import { count, counted } from "../parts/text.ts";
import { hrefOf } from "../shell/routes.ts";
import { client } from "../shell/session.ts";
import { FileGrid } from "./file-grid.tsx";
import { here, paramsOf, type VersionProps } from "./place.ts";

/** Files that are shown; more are counted by nobody. */
const FOUND_MAX = 5000;

interface State {
  readonly items: readonly EntryItem[];
  readonly looked: number;
  readonly isDone: boolean;
  readonly error?: Error;
}

/** The list of what is found. It grows while the server looks. */
export function Found({ place, version, glob }: VersionProps & { readonly glob: string }): JSX.Element {
  const { folder = "", file } = place;
  const [state, setState] = useState<State>({ items: [], looked: 0, isDone: false });
  const params = paramsOf(version);
  useEffect(() => {
    const controller = new AbortController();
    const look = async (): Promise<void> => {
      const items: EntryItem[] = [];
      let looked = 0;
      for (let after: string | undefined; ; ) {
        const query = { glob, folder, limit: 500, ...(after !== undefined && { after }) };
        const part = await client.call("find", { params, query, signal: controller.signal });
        items.push(...part.items);
        looked += part.looked;
        const isDone = part.next === null || items.length >= FOUND_MAX;
        setState({ items: [...items], looked, isDone });
        if (part.next === null || isDone) return;
        after = part.next;
      }
    };
    look().catch((error) => {
      if (!controller.signal.aborted) setState((state) => ({ ...state, isDone: true, error }));
    });
    return () => controller.abort();
  }, []);
  if (state.error !== undefined) return <Trouble error={state.error} what="files" />;
  return (
    <>
      <FileGrid
        label={`Files that fit ${glob}`}
        list={glob}
        base={folder}
        count={state.items.length}
        at={(index) => state.items[index]}
        want={() => undefined}
        chosen={state.items.findIndex(({ path }) => path === file)}
        hrefOf={(item) => hrefOf(here(place, { folder, glob, file: item.path }))}
        params={{ ...params, version: version.version }}
      />
      <footer class="files-foot small soft">
        <span aria-live="polite">
          {state.items.length >= FOUND_MAX && "The first "}
          {counted(state.items.length, "file")}
          {state.isDone ? "" : `, looked at ${count(state.looked)} so far`}
        </span>
      </footer>
    </>
  );
}

/** Parts of the application that come when they are used. */
import type { ComponentType, JSX } from "preact";
import { Awaited } from "../parts/bits.tsx";
import { useLoad } from "../parts/load.ts";

/** A component that is loaded when it is first drawn. */
export function lazily<Props extends object>(
  name: string,
  load: () => Promise<ComponentType<Props>>,
): (props: Props) => JSX.Element {
  return function Lazy(props: Props): JSX.Element {
    const loaded = useLoad(`part/${name}`, load);
    return (
      <Awaited of={loaded} what="preview">
        {(Part) => <Part {...props} />}
      </Awaited>
    );
  };
}

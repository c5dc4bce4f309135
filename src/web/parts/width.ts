/** How wide a place is, as it changes. */
import { useLayoutEffect, useState } from "preact/hooks";

const FIRST_PX = 300;

/** The width of an element in pixels. */
export function useWidth(box: { readonly current: Element | null }): number {
  const [width, setWidth] = useState(FIRST_PX);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (): void => setWidth(Math.max(1, Math.floor(element.getBoundingClientRect().width)));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}

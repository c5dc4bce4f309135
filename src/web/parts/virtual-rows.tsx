/** Rows of one height, of which only those in view are in the page. The arrow keys move through all of them. */
import type { HTMLAttributes, JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { lengthOf, positionAt, type ScrollPosition, scrolled } from "./scroll-scale.ts";

/** What a list of rows is told. */
export interface VirtualRowsProps {
  /** What the list is called for those who do not see it. */
  readonly label: string;
  readonly role: "grid" | "tree" | "listbox";
  readonly count: number;
  /** Columns of a grid. */
  readonly columns?: number;
  /** Pixels of a row. */
  readonly rowHeight: number;
  /** Names the list: with another one all begins anew, and the focus stays. */
  readonly list?: string;
  /** The row that is chosen, and scrolled to when it changes; -1 for none. */
  readonly chosen?: number;
  /** Where the keys begin in a list in which none is chosen; -1 for at its top. */
  readonly start?: number;
  /** The inside of a row. */
  readonly row: (index: number) => JSX.Element;
  /** What a row is for those who do not see it: of trees the level and whether it is open. */
  readonly rowProps?: (index: number) => HTMLAttributes<HTMLDivElement>;
  /** A row was entered, by the Enter key. */
  readonly onOpen: (index: number) => void;
  /** Another key on a row; true when it meant something. */
  readonly onKey?: (key: string, index: number) => boolean;
  /** Rows came into view. */
  readonly onShown?: (first: number, last: number) => void;
  /** A row that stays above all others, as a grid's head does: as high as they are. */
  readonly head?: JSX.Element;
  readonly class?: string;
}

const ROW_ROLES = { grid: "row", tree: "treeitem", listbox: "option" } as const;
/** Rows kept ready above and below the view. */
const SPARE = 8;

/** The list itself. Its height is what its place gives it. */
export function VirtualRows(props: VirtualRowsProps): JSX.Element {
  const { label, role, count, rowHeight, list = "", chosen = -1, start = -1 } = props;
  const id = useId();
  const scrolling = useScrolling(count, rowHeight, props.head ? rowHeight : 0);
  const { box, position, measures, show, view } = scrolling;
  const [active, setActive] = useActive(list, chosen >= 0 ? chosen : start, count, scrolling);
  const current = Math.min(active, Math.max(0, count - 1));
  const first = Math.max(0, Math.floor(position.at / rowHeight) - SPARE);
  const last = Math.min(count - 1, Math.ceil((position.at + view) / rowHeight) + SPARE);

  useLayoutEffect(() => props.onShown?.(first, last), [list, first, last, count]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.target !== box.current || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = moved(event.key, current, Math.max(1, Math.floor(view / rowHeight) - 1), count);
    if (to !== undefined) {
      setActive(to);
      show(to);
    } else if (event.key === "Enter" && count > 0) props.onOpen(current);
    else if (props.onKey?.(event.key, current) !== true) return;
    event.preventDefault();
  };

  const indices = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  const isSeen = current >= first && current <= last;
  return (
    <div
      ref={box}
      class={`rows ${props.class ?? ""}`}
      role={role}
      style={{ "--rows": count }}
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={isSeen ? `${id}-${current}` : undefined}
      {...(role === "grid" && { "aria-rowcount": count + (props.head ? 1 : 0), "aria-colcount": props.columns })}
      onKeyDown={onKeyDown}
    >
      {props.head}
      <div
        class="rows-length"
        role={role === "grid" ? "rowgroup" : "none"}
        style={{ height: `${lengthOf(measures)}px` }}
      >
        {indices.map((index) => (
          <Row
            key={index}
            {...{ id, index, props }}
            top={index * rowHeight - position.at + position.top}
            isActive={index === current}
            onPress={() => setActive(index)}
          />
        ))}
      </div>
    </div>
  );
}

/** The row that the keys are on: of another list the first one, or the one at which it is entered (-1 for none). */
function useActive(
  list: string,
  entered: number,
  count: number,
  { show, view }: Scrolling,
): [active: number, setActive: (index: number) => void] {
  const [active, setActive] = useState(Math.max(0, entered));
  useLayoutEffect(() => {
    setActive(0);
    show(0);
  }, [list]);
  // Of a long list it is known where a row stands before it is known that there are so many.
  useLayoutEffect(() => {
    if (entered < 0 || entered >= count) return;
    setActive(entered);
    show(entered, true);
  }, [list, entered, entered < count, view > 0]);
  return [active, setActive];
}

interface RowProps {
  readonly id: string;
  readonly index: number;
  readonly props: VirtualRowsProps;
  readonly top: number;
  readonly isActive: boolean;
  readonly onPress: () => void;
}

function Row({ id, index, props, top, isActive, onPress }: RowProps): JSX.Element {
  const isChosen = index === props.chosen;
  const place = { "aria-rowindex": index + (props.head ? 2 : 1) };
  return (
    <div
      id={`${id}-${index}`}
      class={`rows-row${isActive ? " active" : ""}${isChosen ? " chosen" : ""}`}
      role={ROW_ROLES[props.role]}
      style={{ height: `${props.rowHeight}px`, transform: `translateY(${top}px)` }}
      {...(props.role === "grid" ? place : { "aria-selected": isChosen })}
      {...props.rowProps?.(index)}
      onMouseDown={onPress}
    >
      {props.row(index)}
    </div>
  );
}

interface Scrolling {
  readonly box: { current: HTMLDivElement | null };
  readonly position: ScrollPosition;
  readonly measures: { readonly total: number; readonly view: number };
  readonly view: number;
  /** Brings a row into view, by as little as possible; or, if it is out of view, into the middle. */
  readonly show: (index: number, isMiddle?: boolean) => void;
}

/** The head stays above the rows: what is seen of them is so much less. */
function useScrolling(count: number, rowHeight: number, headHeight: number): Scrolling {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState(0);
  const [position, setPosition] = useState<ScrollPosition>({ top: 0, at: 0 });
  const at = useRef(position);
  const measures = { total: count * rowHeight, view };
  const latest = useRef(measures);
  latest.current = measures;

  const take = (next: ScrollPosition): void => {
    at.current = next;
    setPosition(next);
  };
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const onScroll = (): void => {
      if (element.scrollTop !== at.current.top) take(scrolled(at.current, element.scrollTop, latest.current));
    };
    const look = (): void => setView(Math.max(0, element.clientHeight - headHeight));
    const observer = new ResizeObserver(look);
    look();
    observer.observe(element);
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, []);
  // Rows went: what is above the view may be more than there is.
  useLayoutEffect(() => {
    if (at.current.at > Math.max(0, measures.total - view)) take(positionAt(at.current.at, measures));
  }, [measures.total, view]);

  const show = (index: number, isMiddle = false): void => {
    const element = box.current;
    const { at: above } = at.current;
    if (element === null || latest.current.view === 0) return;
    const top = index * rowHeight;
    const bottom = top + rowHeight - latest.current.view;
    const wanted = Math.min(top, Math.max(above, bottom));
    if (wanted === above) return;
    const middle = top - (latest.current.view - rowHeight) / 2;
    const next = positionAt(isMiddle ? middle : wanted, latest.current);
    take(next);
    element.scrollTop = next.top;
  };
  return { box, position, measures, view, show };
}

/** The row that a key leads to; `undefined` where the key moves nothing. */
function moved(key: string, from: number, page: number, count: number): number | undefined {
  const steps: { readonly [key: string]: number } = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + page,
    PageUp: from - page,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined || count === 0 ? undefined : Math.max(0, Math.min(count - 1, to));
}

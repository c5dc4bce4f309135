/** Files and folders that the mouse drops. */
import { useRef, useState } from "preact/hooks";

/** What goes onto the element that takes them, and whether something is held above it. */
export interface DropPlace {
  readonly isOver: boolean;
  readonly handlers: {
    readonly onDragEnter: (event: DragEvent) => void;
    readonly onDragLeave: (event: DragEvent) => void;
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDrop: (event: DragEvent) => void;
  };
}

/** A place to drop files on. */
export function useDrop(onFiles: (transfer: DataTransfer) => void): DropPlace {
  const [isOver, setOver] = useState(false);
  // Whoever goes from an element to one inside of it enters before he leaves.
  const depth = useRef(0);
  const count = (event: DragEvent, step: 1 | -1): void => {
    if (!isOurs(event)) return;
    depth.current += step;
    setOver(depth.current > 0);
  };
  return {
    isOver,
    handlers: {
      onDragEnter: (event) => count(event, 1),
      onDragLeave: (event) => count(event, -1),
      onDragOver: (event) => {
        if (isOurs(event)) event.preventDefault();
      },
      onDrop: (event) => {
        depth.current = 0;
        setOver(false);
        if (!isOurs(event) || event.dataTransfer === null) return;
        event.preventDefault();
        onFiles(event.dataTransfer);
      },
    },
  };
}

/** Whether files are dragged; of places in one another the innermost takes them. */
function isOurs(event: DragEvent): boolean {
  if (!hasFiles(event)) return false;
  event.stopPropagation();
  return true;
}

/** Lets nothing come of what is dropped beside such places: the browser would leave the page to show it. To be called once. */
export function refuseOtherDrops(): void {
  const refuse = (event: DragEvent): void => {
    if (event.defaultPrevented || !hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
  };
  addEventListener("dragover", refuse);
  addEventListener("drop", refuse);
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") === true;
}

/** A question that stands before the page until it is answered or put away. */
import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** What a dialog is told. */
export interface DialogProps {
  readonly title: string;
  /** The word on its button. */
  readonly verb: string;
  readonly isDanger?: boolean;
  readonly isReady?: boolean;
  readonly children: ComponentChildren;
  /** Does it. What it throws is shown, and the dialog stays. */
  readonly onDone: () => Promise<void>;
  /** It was answered, or put away. */
  readonly onClose: () => void;
}

/** Opens when it is drawn; the browser holds the focus inside and gives it back. */
export function Dialog(props: DialogProps): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  // Before it is drawn: what is pressed or dropped at once finds it open.
  useLayoutEffect(() => {
    const before = document.activeElement;
    const dialog = box.current;
    dialog?.showModal();
    return () => {
      // One that was put away has given it back already, and whoever did that may have gone on since.
      if (dialog?.open === true && before instanceof HTMLElement) before.focus();
    };
  }, []);
  const done = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setTrouble("");
    try {
      await props.onDone();
      props.onClose();
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={props.onClose}>
      <form onSubmit={done}>
        <h2 id="dialog-title" class="name">
          {props.title}
        </h2>
        {props.children}
        {trouble !== "" && (
          <p class="wrong-text name" role="alert">
            {trouble}
          </p>
        )}
        <div class="actions end">
          <button type="button" class="button" onClick={() => box.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class={props.isDanger === true ? "button danger" : "button main"}
            disabled={isBusy || props.isReady === false}
          >
            {props.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Logging in: by the code that `artifold serve` printed, or by a token. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { logIn } from "./session.ts";

/** Asks for the code. */
export function LoginDialog({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const [key, setKey] = useState("");
  return (
    <Dialog title="Log in" verb="Log in" isReady={key.trim() !== ""} onDone={() => logIn(key.trim())} onClose={onClose}>
      <p class="soft">
        Reading on this machine may need no login; changing things does. <code>artifold serve</code> prints a link with
        a one-time code when it starts.
      </p>
      <label class="labelled">
        One-time code or token
        <input
          class="field mono"
          type="password"
          autoComplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
    </Dialog>
  );
}

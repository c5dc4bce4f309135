/** The dashboard starts here. */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/tables.css";
import "./styles/shell.css";
import "./styles/pages.css";
import "./styles/artifacts.css";
import "./styles/previews.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { pathsOf } from "./artifacts/calls.ts";
import { refuseOtherDrops } from "./parts/drop.ts";
import { listenToStore } from "./shell/live.ts";
import { listenToLinks, route } from "./shell/navigation.ts";
import { say } from "./shell/notes.tsx";
import { askFirst, beginSession } from "./shell/session.ts";
import { showTheme } from "./shell/theme.ts";

const { value: here } = route;
if (here.page === "artifacts") askFirst(pathsOf(here));
showTheme();
listenToLinks();
refuseOtherDrops();
const place = document.getElementById("app");
if (place !== null) render(<App />, place);
void beginSession()
  .catch((error: unknown) => say(error instanceof Error ? error.message : String(error), { isWrong: true }))
  // Nobody waits for it: parts that come later import from here, and would wait too.
  .then(() => listenToStore(new AbortController().signal));

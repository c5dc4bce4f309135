/** Which page belongs to which address. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ArtifactsPage } from "./artifacts/page.tsx";
import { ExperimentPage, RunsPage } from "./pages/experiment.tsx";
import { Home } from "./pages/home.tsx";
import { RunPage } from "./pages/run.tsx";
import { Button } from "./parts/bits.tsx";
import { LoginDialog } from "./shell/login.tsx";
import { route } from "./shell/navigation.ts";
import { isEntering, session } from "./shell/session.ts";
import { Shell } from "./shell/shell.tsx";

/** The application. */
export function App(): JSX.Element {
  return (
    <Shell>
      <Page />
    </Shell>
  );
}

function Page(): JSX.Element | null {
  if (isEntering.value) return null;
  // Until the server says otherwise, what can be read without a login is asked for: most often it can.
  if (session.value?.may.read === false) return <Closed />;
  const { value: here } = route;
  switch (here.page) {
    case "home":
      return <Home />;
    case "team":
      return <Home team={here.team} />;
    case "chart":
      return <ExperimentPage place={here} {...(here.artifact !== undefined && { artifact: here.artifact })} />;
    case "runs":
      return <RunsPage place={here} />;
    case "artifacts":
      return <ArtifactsPage place={here} />;
    case "run":
      return <RunPage params={here} tab={here.tab ?? "chart"} />;
    case "missing":
      return (
        <div class="page">
          <h1>There is no such page</h1>
          <p>
            <a href="/">All experiments</a>
          </p>
        </div>
      );
  }
}

/** What is seen of a server that shows nothing without a login. */
function Closed(): JSX.Element {
  const [isOpen, setOpen] = useState(true);
  return (
    <div class="page">
      <h1>Log in to see what is here</h1>
      <div class="actions">
        <Button icon="key" onClick={() => setOpen(true)}>
          Enter a code or token
        </Button>
      </div>
      {isOpen && <LoginDialog onClose={() => setOpen(false)} />}
    </div>
  );
}

/** What stands around every page: the bar with the way there, the login, the colours. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Icon, type IconName } from "../parts/icon.tsx";
import { isLive } from "./live.ts";
import { LoginDialog } from "./login.tsx";
import { route } from "./navigation.ts";
import { Notes } from "./notes.tsx";
import { hrefOf, nameOfRun, type Route } from "./routes.ts";
import { logOut, session } from "./session.ts";
import { type Theme, theme, turnTheme } from "./theme.ts";

/** The frame of all pages. */
export function Shell({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const { value: here } = route;
  useEffect(() => {
    document.title = titleOf(here);
  }, [here]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="bar">
        <Way here={here} />
        <div class="bar-end">
          <Live />
          <ThemeButton />
          <Login />
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <Notes />
    </>
  );
}

interface Step {
  readonly label: string;
  readonly href: string;
  readonly icon: IconName;
  readonly what: string;
}

function Way({ here }: { readonly here: Route }): JSX.Element {
  const steps = stepsTo(here);
  return (
    <nav class="way" aria-label="Where you are">
      <ol>
        <li>
          <a class="mark" href="/" aria-label="artifold: all teams">
            <Mark />
            <span class="mark-word">artifold</span>
          </a>
        </li>
        {steps.map(({ label, href, icon, what }, at) => (
          <li key={href} class={at === steps.length - 1 ? "last" : undefined}>
            <a href={href} title={`${what} ${label}`} aria-current={at === steps.length - 1 ? "location" : undefined}>
              <Icon name={icon} />
              <span class="unseen">{what} </span>
              <span class="name">{label}</span>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** The mark of artifold: a folded sheet. */
function Mark(): JSX.Element {
  return (
    <svg class="fold" viewBox="0 0 32 32" aria-hidden="true">
      <path class="fold-left" d="M16 3 3 27h9l4-8z" />
      <path class="fold-right" d="M16 3l13 24h-9l-4-8z" />
      <path class="fold-inner" d="M12 27l4-8 4 8z" />
    </svg>
  );
}

function stepsTo(here: Route): Step[] {
  if (here.page === "home" || here.page === "missing") return [];
  const { team } = here;
  const steps: Step[] = [{ label: team, href: hrefOf({ page: "team", team }), icon: "team", what: "Team" }];
  if (here.page === "team") return steps;
  const { experiment } = here;
  const place = { team, experiment };
  steps.push({ label: experiment, href: hrefOf({ page: "chart", ...place }), icon: "flask", what: "Experiment" });
  if (here.page === "run") {
    const { run } = here;
    steps.push({ label: nameOfRun(run), href: hrefOf({ page: "run", ...place, run }), icon: "run", what: "Run" });
  }
  if (here.page === "artifacts" && here.type !== undefined && here.name !== undefined) {
    const { type, name } = here;
    steps.push({
      label: name,
      href: hrefOf({ page: "artifacts", ...place, type, name }),
      icon: "artifact",
      what: "Artifact",
    });
  }
  return steps;
}

function titleOf(here: Route): string {
  const [last, before] = stepsTo(here).toReversed();
  if (last === undefined) return "artifold";
  const version = here.page === "artifacts" && here.version !== undefined ? ` ${here.version}` : "";
  const parts = [tabOf(here), last.label + version, before?.label, "artifold"];
  return parts.filter((part) => part !== undefined).join(" · ");
}

/** What of a page is looked at; `undefined` for what it shows by itself. */
function tabOf(here: Route): string | undefined {
  if (here.page === "runs") return here.page;
  if (here.page === "artifacts") return here.name === undefined ? here.page : here.tab;
  return here.page === "run" ? here.tab : undefined;
}

function Live(): JSX.Element {
  const text = isLive.value ? "Live: what others do appears by itself" : "Not connected: trying again";
  return (
    <span class={isLive.value ? "live on" : "live"} title={text}>
      <span class="unseen">{text}</span>
    </span>
  );
}

const THEMES: { readonly [Each in Theme]: { readonly icon: IconName; readonly label: string } } = {
  system: { icon: "system", label: "Colours of the system" },
  light: { icon: "sun", label: "Light" },
  dark: { icon: "moon", label: "Dark" },
};

function ThemeButton(): JSX.Element {
  const { icon, label } = THEMES[theme.value];
  return (
    <button type="button" class="button bare" title={`Colours: ${label}`} onClick={turnTheme}>
      <Icon name={icon} />
      <span class="unseen">Colours: {label}. Change</span>
    </button>
  );
}

function Login(): JSX.Element | null {
  const [isOpen, setOpen] = useState(false);
  const { value } = session;
  if (value === undefined) return null;
  const { login } = value;
  if (login === null) {
    return (
      <>
        <button type="button" class="button" aria-label="Log in" onClick={() => setOpen(true)}>
          <Icon name="key" /> <span class="login-word">Log in</span>
        </button>
        {isOpen && <LoginDialog onClose={() => setOpen(false)} />}
      </>
    );
  }
  return (
    <span class="who">
      <span class="name clip" title={`Logged in as ${login.user}, may ${login.scope}`}>
        {login.user}
      </span>
      <button type="button" class="button bare" onClick={() => void logOut()}>
        Log out
      </button>
    </span>
  );
}

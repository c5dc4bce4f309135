/** Small things that all pages are made of. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { say } from "../shell/notes.tsx";
import { Icon, type IconName } from "./icon.tsx";
import type { Loaded } from "./load.ts";
import { now } from "./now.ts";
import { exactly, since } from "./text.ts";

/** A moment: how long ago, and when exactly for who points at it. */
export function When({ at }: { readonly at: string }): JSX.Element {
  return (
    <time dateTime={at} title={exactly(at)}>
      {since(at, now.value)}
    </time>
  );
}

/** What a button that copies is told. */
export interface CopyProps {
  readonly text: string;
  readonly what: string;
  readonly bare?: boolean;
  /** Whether the Tab key stops at it; in long lists it does not. */
  readonly isReached?: boolean;
}

/** Puts a text on the clipboard. */
export function Copy({ text, what, bare = true, isReached = true }: CopyProps): JSX.Element {
  const [isDone, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      say(`The browser does not let this page copy. Here it is: ${text}`, { isWrong: true });
    }
  };
  return (
    <button
      type="button"
      class={bare ? "button bare" : "button"}
      title={`Copy ${what}`}
      tabIndex={isReached ? 0 : -1}
      onClick={copy}
    >
      <Icon name={isDone ? "check" : "copy"} />
      <span class="unseen">{isDone ? "Copied" : `Copy ${what}`}</span>
    </button>
  );
}

/** A digest, shortened for the eye, whole for the clipboard. */
export function Digest({ value, what = "digest" }: { readonly value: string; readonly what?: string }): JSX.Element {
  return (
    <span class="digest">
      <code title={value}>{value.slice(0, 12)}</code>
      <Copy text={value} what={what} />
    </span>
  );
}

/** One tab: a link, since each has an address. */
export interface Tab {
  readonly label: string;
  readonly href: string;
  readonly isCurrent: boolean;
}

/** A row of tabs. */
export function Tabs({ label, tabs }: { readonly label: string; readonly tabs: readonly Tab[] }): JSX.Element {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.label} href={tab.href} aria-current={tab.isCurrent ? "page" : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  );
}

/** What is shown where there is nothing yet: what it would be, and how to make it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A line to paste into a terminal or a program. */
export function CodeLine({ code, what }: { readonly code: string; readonly what: string }): JSX.Element {
  return (
    <div class="line-of-code">
      <pre>{code}</pre>
      <Copy text={code} what={what} />
    </div>
  );
}

/** What is told of something that was asked for. */
export interface AwaitedProps<T> {
  readonly of: Loaded<T>;
  /** What it is called. */
  readonly what: string;
  /** Whether the page is called by it. */
  readonly isTitle?: boolean;
  readonly children: (value: T) => ComponentChildren;
}

/** What was asked for, or what stands in its place. What was asked for may be `undefined`: that it came is told by itself. */
export function Awaited<T>({ of, what, isTitle = false, children }: AwaitedProps<T>): JSX.Element {
  if (of.error !== undefined) return <Trouble error={of.error} what={what} isTitle={isTitle} />;
  if (!("value" in of)) return <p class="waiting">Reading {what} …</p>;
  return <>{children(of.value as T)}</>;
}

/** What went wrong, in the words of the server. */
export function Trouble(props: { error: Error; what: string; isTitle?: boolean }): JSX.Element {
  const { error, what, isTitle = false } = props;
  const hint = "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
  const Title = isTitle ? "h1" : "h2";
  return (
    <div class="empty" role="alert">
      <Title>No {what} to show</Title>
      <p class="name">{error.message}</p>
      {hint !== undefined && <p class="name">{hint}</p>}
    </div>
  );
}

/** A button with an icon and a word. */
export function Button(props: {
  icon?: IconName;
  children: ComponentChildren;
  onClick: () => void;
  kind?: "main" | "danger" | "bare";
  isDisabled?: boolean;
  title?: string;
}): JSX.Element {
  return (
    <button
      type="button"
      class={`button ${props.kind ?? ""}`}
      disabled={props.isDisabled ?? false}
      title={props.title}
      onClick={props.onClick}
    >
      {props.icon !== undefined && <Icon name={props.icon} />}
      {props.children}
    </button>
  );
}

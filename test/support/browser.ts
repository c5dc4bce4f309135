/** A real browser for tests of the dashboard, and an eye on what pages do in it that they may not. */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** The browser of this machine; `undefined` where there is none. */
export const chromiumPath: string | undefined = ["chromium", "chromium-browser", "google-chrome"]
  .flatMap((name) => (process.env["PATH"] ?? "").split(path.delimiter).map((folder) => path.join(folder, name)))
  .find(isExecutable);

/** What a test that needs it says in its name where there is none. */
export const howToGetChromium: string = chromiumPath === undefined ? " (skipped: apt-get install chromium)" : "";

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Starts it. Root may only without its sandbox, as in containers. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? "",
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

/** What a page did wrong. */
export interface Watched {
  /** Ends a test: nothing went wrong. Errors of the console that are expected are given. */
  readonly check: (expected?: RegExp) => void;
}

/** Watches a page from its beginning: errors, what the policy of pages refused, requests to anywhere else. */
export function watchPage(page: Page, origin: string): Watched {
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`error: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    const isOwn = url.origin === origin || url.protocol === "data:" || url.protocol === "blob:";
    if (!isOwn) wrong.push(`request off origin: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return {
    check: (expected) => expect(wrong.filter((each) => expected?.test(each) !== true)).toEqual([]),
  };
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe has against a page, by the rules of WCAG 2.2 up to AA and its best practices. */
export async function axeComplaints(page: Page): Promise<string[]> {
  // The page's own policy lets no foreign script in; the browser's debugger may.
  const isThere = await page.evaluate("typeof axe === 'object'");
  if (!isThere) {
    const session = await page.context().newCDPSession(page);
    const { readFileSync } = await import("node:fs");
    await session.send("Runtime.evaluate", { expression: readFileSync(axePath, "utf8") });
    await session.detach();
  }
  const tags = JSON.stringify(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]);
  const { violations } = await page.evaluate<AxeResult>(`axe.run(document, { runOnly: ${tags} })`);
  return violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

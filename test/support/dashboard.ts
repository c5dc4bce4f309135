/** A store with a server and a browser before it, for tests of the dashboard. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { startBrowser, type Watched, watchPage } from "./browser.ts";
import { command, type Running, startCommand } from "./command.ts";

/** What `serve --json` prints once it listens. */
interface Served {
  readonly url: string;
  readonly login: string;
}

/** A dashboard under test. */
export interface Dashboard {
  readonly browser: Browser;
  readonly url: string;
  /** The store's folder. */
  readonly store: string;
  /** A folder for files of the test. */
  readonly folder: string;
  /** Runs the command on the same store, as another process, and gives what it printed. */
  readonly artifold: (args: readonly string[], cwd?: string) => Promise<string>;
  /** Opens a page at a path. */
  readonly open: (at: string, options?: BrowserContextOptions) => Promise<Watched & { readonly page: Page }>;
  /** Opens a page that is logged in, by the link that the server printed last. */
  readonly openLoggedIn: (at: string) => Promise<Watched & { readonly page: Page }>;
  readonly close: () => Promise<void>;
}

/** Starts all of it. */
export async function openDashboard(serveArgs: readonly string[] = []): Promise<Dashboard> {
  const folder = mkdtempSync(path.join(tmpdir(), "artifold-dashboard-"));
  const store = path.join(folder, "store");
  // Settings of its own: the user's are nobody's business here.
  const home = { HOME: folder, XDG_CONFIG_HOME: path.join(folder, "config"), APPDATA: path.join(folder, "config") };
  const server = startCommand(store, ["serve", "--port", "0", "--json", ...serveArgs], folder, home);
  const [{ url, login }, browser] = await Promise.all([firstJson(server), startBrowser()]);
  const open: Dashboard["open"] = async (at, options) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    const watched = watchPage(page, url);
    await page.goto(url + at);
    return { page, ...watched };
  };
  let nextLogin = login;
  let heard = "";
  server.child.stderr?.on("data", (bytes: Buffer) => {
    heard += bytes;
    nextLogin = /https?:\S+#code=\S+/g.exec(heard.slice(heard.lastIndexOf("http")))?.[0] ?? nextLogin;
  });
  return {
    ...{ browser, url, store, folder, open },
    artifold: async (args, cwd = folder) => {
      const { code, stdout, stderr } = await command(store, args, cwd, home);
      if (code !== 0) throw new Error(`artifold ${args.join(" ")}: ${code}\n${stderr}`);
      return stdout;
    },
    openLoggedIn: async (at) => {
      const opened = await open(new URL(nextLogin).pathname + new URL(nextLogin).hash);
      await opened.page.getByRole("button", { name: "Log out" }).waitFor();
      await go(opened.page, at);
      return opened;
    },
    close: async () => {
      await browser.close();
      server.child.kill("SIGTERM");
      await server.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Goes somewhere without loading the page again, as a link does. */
export async function go(page: Page, at: string): Promise<void> {
  await page.evaluate(`{
    const link = document.createElement("a");
    link.href = ${JSON.stringify(at)};
    document.body.append(link);
    link.click();
    link.remove();
  }`);
}

/** Writes files below a folder, and gives it. */
export function writeFiles(folder: string, files: { readonly [name: string]: string | Uint8Array }): string {
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(folder, name), content);
  return folder;
}

async function firstJson({ child, ended }: Running): Promise<Served> {
  let text = "";
  const line = new Promise<string>((resolve) => {
    child.stdout?.on("data", (bytes: Buffer) => {
      text += bytes;
      if (text.includes("\n")) resolve(text);
    });
  });
  const failed = ended.then(({ stderr }): never => {
    throw new Error(`serve ended: ${stderr}`);
  });
  return JSON.parse(await Promise.race([line, failed])) as Served;
}

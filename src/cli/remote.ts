/** `remote add`, `remote ls` and `remote rm`: names of remotes. */
import type { RemoteInfo } from "../store/index.ts";
import type { Run } from "./command.ts";
import { alignColumns, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { command, call, context, output } = run;
  const [name, url] = call.args as [string, string];
  const dryRun = call.flag("dry-run");
  const store = await run.open({ create: command === "remote add", pretend: dryRun });
  if (command === "remote ls") {
    const known = await store.remotes.list();
    const rows = known.map((remote) => [safe(remote.name), remote.kind, safe(remote.url), writersText(remote)]);
    output.result(known.map(view), known.map((remote) => remote.name).join("\n"), alignColumns(rows));
    return 0;
  }
  const adds = command === "remote add";
  const remote = adds
    ? await store.remotes.add(name, url, context.cwd, { dryRun })
    : await store.remotes.forget(name, { dryRun });
  const said = `${safe(remote.name)} ${adds ? "is a remote" : "is no longer a remote"}: ${safe(remote.url)}`;
  output.result(view(remote), remote.name, [`${said}${dryRun ? "  (dry run: nothing was changed)" : ""}`]);
  return 0;
}

function view({ name, url, kind, id }: RemoteInfo): { name: string; url: string; kind: string; id: string | null } {
  return { name, url, kind, id };
}

function writersText({ writers }: RemoteInfo): string {
  if (writers === null) return "";
  return writers === "many" ? "checked" : "one writer at a time";
}

/** `token create`, `token ls` and `token revoke`: who may ask the server of this store, and for what. */
import { ArtifoldError } from "../errors.ts";
import { scopes, type TokenFacts, TokenStore } from "../server/index.ts";
import type { Run } from "./command.ts";
import { confirm } from "./common.ts";
import { alignColumns, safe } from "./text.ts";

export async function run(run: Run): Promise<number> {
  const { command, call, output } = run;
  if (command === "token create") return create(run);
  const store = await run.open();
  const tokens = new TokenStore(store.engine);
  if (command === "token ls") {
    const all = tokens.list();
    const rows = all.map(({ id, user, scope, team, createdAt, lastUsedAt }) => [
      id,
      safe(user),
      scope,
      safe(team ?? ""),
      `made ${createdAt}`,
      lastUsedAt === null ? "not used" : `used ${lastUsedAt}`,
    ]);
    output.result(all, all.map(({ id }) => id).join("\n"), alignColumns(rows));
    return 0;
  }
  const [id = ""] = call.args;
  const isDry = call.flag("dry-run");
  const facts = tokens.facts(id);
  if (!(await confirm(run, `take back token ${safe(id)}`))) {
    output.note("no token was taken back");
    return 1;
  }
  if (!isDry) await tokens.revoke(id);
  const said = isDry ? "would be good for nothing  (dry run: nothing was changed)" : "is good for nothing now";
  output.result(facts, id, [`token ${safe(id)} ${said}`]);
  return 0;
}

async function create(run: Run): Promise<number> {
  const { call, context, output } = run;
  const scope = scopes.find((each) => each === (call.text("scope") ?? "read"));
  if (scope === undefined) {
    throw new ArtifoldError("USAGE", `not a scope: ${call.text("scope")}`, { hint: `There are ${scopes.join(", ")}.` });
  }
  const store = await run.open({ create: true });
  const user = call.text("user") ?? context.settings.user?.value ?? store.engine.user;
  // --team limits the token. A team that is only the folder's current one does not.
  const { team } = context.flags;
  const { facts, token } = await new TokenStore(store.engine).create({ user, team, scope });
  output.result({ ...facts, token }, token, [
    token,
    `for ${safe(user)}, to ${scope}${describeTeam(facts)}; it is shown this once`,
  ]);
  return 0;
}

function describeTeam({ team }: TokenFacts): string {
  return team === null ? "" : ` in team ${safe(team)}`;
}

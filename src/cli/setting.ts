/** `setting`: shows and changes the user's own settings. */
import { ArtifoldError } from "../errors.ts";
import { changeUserSettings, parseHttpHost, userSettingsFile } from "../store/index.ts";
import type { Run } from "./command.ts";
import { safe } from "./text.ts";

export async function run({ call, context, output }: Run): Promise<number> {
  const given = call.text("http-host") ?? call.text("http_host");
  const pushes = call.text("auto-push");
  const [problem] = context.problems;
  // What is changed may be what is wrong.
  if (problem !== undefined && given === undefined && pushes === undefined) throw problem;
  let { value: httpHost, from } = context.settings.httpHost;
  if (given !== undefined) {
    httpHost = parseHttpHost(given).text;
    await changeUserSettings(context.environment, { httpHost });
    const file = userSettingsFile(context.environment);
    if (from !== undefined && from !== file) {
      output.note(`${safe(from)} comes first, and names ${safe(context.settings.httpHost.value)}`);
    }
    from = file;
  }
  let autoPush = context.settings.autoPush.value;
  if (pushes !== undefined) {
    if (pushes !== "on" && pushes !== "off") throw new ArtifoldError("USAGE", `not on or off: ${pushes}`);
    await changeUserSettings(context.environment, { autoPush: pushes });
    autoPush = pushes;
  }
  const origin = from === undefined ? "default" : safe(from);
  output.result({ httpHost, autoPush }, httpHost, [
    `http-host  ${safe(httpHost)}  (${origin})`,
    `auto-push  ${safe(autoPush)}`,
  ]);
  return 0;
}

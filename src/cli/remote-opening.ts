/** Opens remotes for commands: with what the environment, the user's files and logins say. */
import { openRemote } from "../remote/index.ts";
import { loginFor, type OpenRemote } from "../store/index.ts";
import type { Context } from "./context.ts";
import type { Output } from "./output.ts";
import { safe } from "./text.ts";

/** What opens the remotes of one call. */
export function remoteOpener({ environment, cwd }: Context, output: Output): OpenRemote {
  return async (url, options) =>
    openRemote(url, {
      ...options,
      from: cwd,
      environment,
      token: loginFor(environment, url)?.key,
      onWarning: (message) => output.warn(safe(message)),
    });
}

/** Where the server is that shows runs, and the URL of a run there. */
import { ArtifoldError } from "../errors.ts";

/** Where the server listens unless settings say something else. */
export const DEFAULT_HTTP_HOST = "127.0.0.1:9111";

const DEFAULT_PORT = "9111";

/** Checks HOST:PORT, and gives it in one form; a port that is left out is the usual one. @throws ArtifoldError USAGE */
export function parseHttpHost(text: string): { readonly host: string; readonly port: number; readonly text: string } {
  const url = /^[^/?#@\s]+$/.test(text) ? tryUrl(text) : undefined;
  if (url === undefined) {
    throw new ArtifoldError("USAGE", `not a host and a port: ${JSON.stringify(text)}`, {
      hint: `Write HOST:PORT, as in ${DEFAULT_HTTP_HOST}.`,
    });
  }
  // A URL leaves out the port that is usual for its scheme.
  const port = url.port === "" ? (/:80$/.test(text) ? "80" : DEFAULT_PORT) : url.port;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { host, port: Number(port), text: `${url.hostname}:${port}` };
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(`http://${text}`);
  } catch {
    return undefined;
  }
}

/** The page of a run. @throws ArtifoldError USAGE when the settings name no host */
export function runUrl(httpHost: string, run: { team: string; experiment: string; name: string }): string {
  const { text } = parseHttpHost(httpHost);
  const [team, experiment, name] = [run.team, run.experiment, run.name].map(encodeURIComponent);
  return `http://${text}/experi/${team}/${experiment}/${name}/run/chart`;
}

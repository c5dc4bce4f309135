/** `remote check`: finds out what a place really guarantees. */
import { checkRemote, parseRemoteUrl, type RemoteFinding, type RemoteReport } from "../remote/index.ts";
import { isAddress } from "../store/index.ts";
import type { Run } from "./command.ts";
import { remoteOpener } from "./remote-opening.ts";
import { safe } from "./text.ts";

const verdicts: Record<RemoteReport["verdict"], string> = {
  fine: "may be read and written by everybody",
  "single writer": "may be read, and written by one writer at a time (push --single-writer)",
  "read only": "may be read only",
};

const marks: Record<RemoteFinding["level"], string> = { fine: "fine", note: "note", bad: "BAD" };

export async function run(run: Run): Promise<number> {
  const { call, context, output, signal } = run;
  const [which = ""] = call.args;
  const onFinding = ({ level, what, detail }: RemoteFinding): void =>
    output.note(`${marks[level].padEnd(4)} ${safe(what)}: ${safe(detail)}`);
  const options = { large: call.flag("large"), onFinding, signal };
  let url: string;
  let report: RemoteReport;
  if (isAddress(which)) {
    url = parseRemoteUrl(which, context.cwd).url;
    const open = remoteOpener(context, output);
    report = await checkRemote(() => open(which, {}), options);
  } else {
    const store = await run.open();
    report = await store.remotes.check(which, options);
    url = (await store.remotes.list()).find(({ name }) => name === which.normalize("NFC"))?.url ?? which;
  }
  const ok = report.verdict === "fine";
  const result = { ok, url, kind: parseRemoteUrl(url, context.cwd).kind, ...report };
  output.result(result, report.verdict, [`${safe(url)} ${verdicts[report.verdict]}`]);
  return ok ? 0 : 1;
}

/** Runs the command at a terminal of its own, as a person does. */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { commandPath } from "./command.ts";

/** Whether a terminal can be made here. */
export const hasTerminals: boolean = process.platform !== "win32" && spawnSync("python3", ["--version"]).status === 0;

/** What happened at a terminal. */
export interface Session {
  /** Exit code; a signal that ended the command is 128 and its number. */
  readonly code: number;
  /** All that was shown, stdout and stderr together. */
  readonly shown: string;
}

/** What is typed once a text is shown. */
export interface Typed {
  readonly after: string;
  readonly keys: string;
}

const driver = `
import fcntl, json, os, pty, select, struct, sys, termios, time
columns, typed, *command = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.execvp(command[0], command)
shown, seen, end = b"", 0, time.time() + 60
while time.time() < end:
    if not select.select([fd], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    shown += data
    while typed and typed[0]["after"].encode() in shown[seen:]:
        seen = shown.index(typed[0]["after"].encode(), seen) + len(typed[0]["after"].encode())
        os.write(fd, typed.pop(0)["keys"].encode())
else:
    os.kill(pid, 9)
status = os.waitpid(pid, 0)[1]
code = os.waitstatus_to_exitcode(status)
json.dump({"code": code if code >= 0 else 128 - code, "shown": shown.decode("utf8", "surrogateescape").replace("\\r\\n", "\\n")}, sys.stdout)
`;

/** Runs the command at a terminal on a store. */
export async function atTerminal(
  store: string,
  args: readonly string[],
  options: { columns?: number; cwd?: string; typed?: readonly Typed[]; environment?: NodeJS.ProcessEnv } = {},
): Promise<Session> {
  const { columns = 80, cwd, typed = [], environment = {} } = options;
  const call = JSON.stringify([columns, typed, process.execPath, commandPath, ...args]);
  const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...inherited } = process.env;
  const env = { ...inherited, TERM: "xterm", ARTIFOLD_STORE: store, ...environment };
  const { stdout } = await promisify(execFile)("python3", ["-c", driver, call], { cwd, env, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Session;
}

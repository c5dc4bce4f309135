/** Where results, messages and progress go: results to stdout, everything else to stderr. */
import { ArtifoldError, errorCodes, type Happened, isArtifoldError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
import type { Call } from "./call.ts";
import { ProgressPrinter } from "./progress-printer.ts";
import { safe } from "./text.ts";

/** What a command leaves when a signal ends it. */
export interface WhenStopped {
  readonly happened: Happened;
  readonly said: string;
}

/** Prints for one call. */
export class Output {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  readonly #progress: ProgressPrinter;
  readonly #colors: { readonly stdout: boolean; readonly stderr: boolean };

  constructor(call: Call, environment: NodeJS.ProcessEnv) {
    this.isJson = call.flag("json");
    this.isQuiet = call.flag("quiet");
    this.#colors = {
      stdout: wantsColor(process.stdout, environment),
      stderr: wantsColor(process.stderr, environment),
    };
    this.#progress = new ProgressPrinter({
      stream: process.stderr,
      style: call.flag("json-lines")
        ? "json"
        : call.flag("no-progress") || this.isQuiet
          ? "none"
          : process.stderr.isTTY === true && !environment["CI"] && environment["TERM"] !== "dumb"
            ? "bar"
            : "lines",
    });
  }

  /** Receives progress of long calls. */
  get onProgress(): OnProgress {
    return (event) => this.#progress.show(event);
  }

  /**
   * Prints the result of a command, as the caller wants it.
   *
   * @param result what --json prints
   * @param essential what -q prints; nothing for ""
   * @param text lines for people
   */
  result(result: unknown, essential: string, text: readonly string[]): void {
    this.#progress.end();
    if (this.isJson) this.write(`${JSON.stringify(result)}\n`);
    else if (this.isQuiet) this.write(essential === "" ? "" : `${essential}\n`);
    else if (text.length > 0) this.write(`${text.join("\n")}\n`);
  }

  /** Writes to stdout as it is. */
  write(bytes: string | Uint8Array): void {
    process.stdout.write(bytes);
  }

  /** Tells something beside the result. */
  note(message: string): void {
    this.#progress.clear();
    if (!this.isQuiet) process.stderr.write(`${message}\n`);
  }

  /** Tells that something was left out or is not as it should be. */
  warn(message: string): void {
    this.#progress.clear();
    process.stderr.write(`${this.#label("33", "warning:")} ${message}\n`);
  }

  /** Prints an error. @returns the exit code */
  error(error: unknown): number {
    this.#progress.clear();
    const shown = presentable(error);
    if (this.isJson) {
      const { code, message, hint, happened, info } = shown;
      const error = { code, message, hint: hint ?? null, happened };
      this.write(`${JSON.stringify({ error, versions: info["versions"] })}\n`);
    } else {
      process.stderr.write(`${this.#label("31", "error:")} ${safe(shown.message)}\n`);
      if (shown.hint !== undefined) process.stderr.write(`${this.#label("36", "hint:")} ${safe(shown.hint)}\n`);
      if (shown.happened !== "no") {
        const said = shown.happened === "yes" ? "The change was made." : "It is not known whether the change was made.";
        process.stderr.write(`${said}\n`);
      }
    }
    if (process.env["ARTIFOLD_DEBUG"]) process.stderr.write(`${debugText(error)}\n`);
    return errorCodes[shown.code];
  }

  /** Tells that a signal ended the command, and what holds now. */
  stopped(message: string, { happened, said }: WhenStopped = nothingChanged): void {
    this.#progress.clear();
    if (this.isJson) this.write(`${JSON.stringify({ error: { code: "STOPPED", message, hint: said, happened } })}\n`);
    else this.note(`${message}: ${said}`);
  }

  /** Colours text of the result where colours are wanted. */
  paint(code: string, text: string): string {
    return this.#colors.stdout ? colored(code, text) : text;
  }

  #label(code: string, text: string): string {
    return this.#colors.stderr ? colored(code, text) : text;
  }

  end(): void {
    this.#progress.end();
  }
}

const nothingChanged: WhenStopped = { happened: "no", said: "nothing was changed" };

/** Any error as one of ours: a fault of our own shows as such, without its stack. */
function presentable(error: unknown): ArtifoldError {
  if (isArtifoldError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ArtifoldError("INTERNAL", `a fault of artifold: ${message}`, {
    cause: error,
    happened: "unknown",
    hint: "Please report it, with what ARTIFOLD_DEBUG=1 adds to this message.",
  });
}

/** The error with its causes and stacks, on request only. */
function debugText(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error; at !== undefined && at !== null; at = (at as { cause?: unknown }).cause) {
    parts.push(at instanceof Error ? (at.stack ?? at.message) : String(at));
  }
  return parts.join("\ncaused by: ");
}

function colored(code: string, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}

/** Each stream for itself: a result that goes to a file has no colours, whatever the messages beside it have. */
function wantsColor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): boolean {
  if (environment["NO_COLOR"]) return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return stream.isTTY === true && environment["TERM"] !== "dumb";
}

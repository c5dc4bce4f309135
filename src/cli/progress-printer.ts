/** Draws progress: a bar on a terminal, a line every ten seconds elsewhere, JSON lines for programs. */
import { monotonicNow } from "../platform/index.ts";
import type { ProgressEvent, ProgressPhase } from "../progress.ts";
import { displayWidth, formatBytes, formatNumber, formatSeconds, safe } from "./text.ts";

/** How progress is shown. */
export type ProgressStyle = "bar" | "lines" | "json" | "none";

const phaseTexts: Record<ProgressPhase, string> = {
  scan: "scanning",
  store: "storing",
  publish: "publishing",
  plan: "comparing",
  write: "writing",
  send: "sending",
  fetch: "fetching",
  verify: "verifying",
  rebuild: "rebuilding the catalog",
};

const BAR_MS = 80;
const LINE_MS = 10_000;
const JSON_MS = 200;
const BAR_WIDTH = 24;

/** Shows the progress of one command. */
export class ProgressPrinter {
  readonly #stream: NodeJS.WriteStream;
  readonly #style: ProgressStyle;
  #shownAt = 0;
  #started: number;
  #phase: ProgressPhase | undefined;
  #phaseStarted = 0;
  #isDrawn = false;

  constructor(options: { stream: NodeJS.WriteStream; style: ProgressStyle }) {
    this.#stream = options.stream;
    this.#style = options.style;
    this.#started = monotonicNow();
    this.#shownAt = options.style === "lines" ? this.#started : 0;
  }

  show(event: ProgressEvent): void {
    if (this.#style === "none") return;
    const now = monotonicNow();
    const isNewPhase = event.phase !== this.#phase;
    if (isNewPhase) {
      this.#phase = event.phase;
      this.#phaseStarted = now;
    }
    const pause = this.#style === "bar" ? BAR_MS : this.#style === "json" ? JSON_MS : LINE_MS;
    // A terminal and a program see every phase; a log does not fill with those that take no time.
    if (now - this.#shownAt < pause && !(isNewPhase && this.#style === "json")) return;
    this.#shownAt = now;
    if (this.#style === "json") this.#stream.write(`${JSON.stringify({ progress: event })}\n`);
    else if (this.#style === "lines") this.#stream.write(`${this.#describe(event, now)}\n`);
    else this.#draw(event, now);
  }

  /** Makes room for a message. */
  clear(): void {
    if (!this.#isDrawn) return;
    this.#stream.write("\r\u001b[2K");
    this.#isDrawn = false;
  }

  end(): void {
    this.clear();
  }

  #draw(event: ProgressEvent, now: number): void {
    const width = this.#stream.columns || 80;
    let line = `${this.#bar(event)}${this.#describe(event, now)}`;
    if (event.path !== undefined) line += `  ${safe(event.path)}`;
    while (displayWidth(line) >= width) line = [...line].slice(0, Math.max(0, [...line].length - 4)).join("");
    this.#stream.write(`\r\u001b[2K${line}`);
    this.#isDrawn = true;
  }

  #bar(event: ProgressEvent): string {
    const part = fraction(event);
    if (part === undefined) return "";
    const full = Math.round(part * BAR_WIDTH);
    const percent = `${Math.floor(part * 100)}`.padStart(3);
    return `[${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}] ${percent}%  `;
  }

  #describe(event: ProgressEvent, now: number): string {
    const seconds = (now - this.#phaseStarted) / 1000;
    const parts = [phaseTexts[event.phase]];
    const of =
      event.filesTotal === undefined || event.filesTotal < event.files ? "" : `/${formatNumber(event.filesTotal)}`;
    parts.push(`${formatNumber(event.files)}${of}`);
    if (event.bytes > 0) parts.push(formatBytes(event.bytes));
    if (seconds > 0.5 && event.bytes > 0) parts.push(`${formatBytes(Math.round(event.bytes / seconds))}/s`);
    const part = fraction(event);
    if (seconds > 1 && part !== undefined && part > 0.02) {
      parts.push(`${formatSeconds((seconds / part) * (1 - part))} left`);
    }
    return parts.join("  ");
  }
}

/** How much is done, where that can be told: the number of files says little of it, for one may be as large as all others. */
function fraction({ bytes, bytesTotal }: ProgressEvent): number | undefined {
  return bytesTotal === undefined || bytesTotal === 0 || bytes > bytesTotal ? undefined : bytes / bytesTotal;
}

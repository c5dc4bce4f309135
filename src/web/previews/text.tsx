/** Text as text, and bytes as bytes: never as what they say that they are. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { plainText, size } from "../parts/text.ts";
import { type PreviewProps, readRange } from "./source.ts";

const STEP_BYTES = 262_144;
const SHOWN_MAX_BYTES = 2_097_152;
const LINE_MAX = 5000;
const BYTES_SHOWN = 1024;
const BYTES_A_LINE = 16;

/** Lines with their numbers. */
export function Text({ source, head }: PreviewProps): JSX.Element {
  const [bytes, setBytes] = useState(head.bytes);
  const [trouble, setTrouble] = useState("");
  const more = async (): Promise<void> => {
    try {
      const end = Math.min(head.size, bytes.length + STEP_BYTES);
      const next = new Uint8Array(await readRange(source, bytes.length, end));
      const joined = new Uint8Array(bytes.length + next.length);
      joined.set(bytes);
      joined.set(next, bytes.length);
      setBytes(joined);
      setTrouble("");
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
    }
  };
  const isWhole = bytes.length >= head.size;
  const text = new TextDecoder().decode(bytes, { stream: !isWhole });
  const lines = text.replace(/\n$/, "").split("\n");
  return (
    <div class="stack">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="code" tabIndex={0} aria-label="Content of the file">
        <ol>
          {lines.map((line, at) => (
            <li key={at}>{plainText(line.slice(0, LINE_MAX).replace(/\r$/, "").replaceAll("\t", "    "))}</li>
          ))}
        </ol>
      </section>
      {!isWhole && (
        <p class="actions soft small">
          The first {size(bytes.length)} of {size(head.size)}.
          {trouble !== "" && (
            <span class="wrong-text" role="alert">
              More could not be read: {trouble}
            </span>
          )}
          {bytes.length < SHOWN_MAX_BYTES && (
            <button type="button" class="button" onClick={() => void more()}>
              {trouble === "" ? "More" : "Try again"}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

/** The first bytes in hexadecimal, with what of them is printable. */
export function Bytes({ head }: PreviewProps): JSX.Element {
  const shown = head.bytes.subarray(0, BYTES_SHOWN);
  const lines = Array.from({ length: Math.ceil(shown.length / BYTES_A_LINE) }, (_, at) => {
    const part = [...shown.subarray(at * BYTES_A_LINE, (at + 1) * BYTES_A_LINE)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
    return `${(at * BYTES_A_LINE).toString(16).padStart(6, "0")}  ${hex.padEnd(BYTES_A_LINE * 3)} ${text}`;
  });
  return (
    <div class="stack">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <pre class="code bytes" tabIndex={0} aria-label="First bytes of the file">
        {lines.join("\n")}
      </pre>
      <p class="soft small">
        {shown.length < head.size ? `The first ${size(shown.length)} of ${size(head.size)}` : size(head.size)}. This is
        no kind of file that can be shown otherwise.
      </p>
    </div>
  );
}

/**
 * Reads the small XML that S3 and STS answer with: elements, text, the five named entities and numbered ones. What is more
 * than that (document types, and with them entities of one's own) is refused, and so is what is not well-formed.
 */

/** An element, with its own text and the elements in it. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

interface OpenElement {
  name: string;
  text: string;
  children: XmlElement[];
}

const DEPTH_MAX = 16;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

// A tag, or text. Attributes (only namespaces, in these answers) are passed over.
const TOKEN = /<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

// What has an end of its own, whatever stands before it.
const passages = [
  { begin: "<![CDATA[", end: "]]>", isText: true },
  { begin: "<!--", end: "-->", isText: false },
  { begin: "<?", end: "?>", isText: false },
] as const;

/** Reads a document; `undefined` when it is none. */
export function parseXml(bytes: Uint8Array): XmlElement | undefined {
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const top: OpenElement = { name: "", text: "", children: [] };
  const open: OpenElement[] = [top];
  for (let at = 0; at < source.length; ) {
    const passage = passages.find(({ begin }) => source.startsWith(begin, at));
    if (passage !== undefined) {
      const end = source.indexOf(passage.end, at + passage.begin.length);
      if (end < 0) return undefined;
      if (passage.isText) (open.at(-1) as OpenElement).text += source.slice(at + passage.begin.length, end);
      at = end + passage.end.length;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) return undefined;
    at = TOKEN.lastIndex;
    const [, closing, name, , selfClosing, raw] = match;
    const here = open.at(-1) as OpenElement;
    if (name !== undefined) {
      if (closing === "/") {
        if (open.length < 2 || here.name !== name || selfClosing === "/") return undefined;
        open.pop();
        continue;
      }
      const element: OpenElement = { name, text: "", children: [] };
      here.children.push(element);
      if (selfClosing !== "/") open.push(element);
      if (open.length > DEPTH_MAX) return undefined;
    } else if (raw !== undefined) {
      const text = decodeText(raw);
      if (text === undefined) return undefined;
      here.text += text;
    }
  }
  const isWhole = open.length === 1 && top.children.length === 1 && top.text.trim() === "";
  return isWhole ? top.children[0] : undefined;
}

/** The text of the first element of a name in an element; `undefined` when there is none. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}

/** The first element of a name in an element. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Text as XML has it. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}

function decodeText(raw: string): string | undefined {
  let isBroken = false;
  const text = raw.replace(/&([^;&]{0,10});?/g, (whole, name: string) => {
    if (!whole.endsWith(";")) isBroken = true;
    if (Object.hasOwn(entities, name)) return entities[name] as string;
    const [, hex, decimal] = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name) ?? [];
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    if (code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) return String.fromCodePoint(code);
    isBroken = true;
    return "";
  });
  return isBroken ? undefined : text;
}

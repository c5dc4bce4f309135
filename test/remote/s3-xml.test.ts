import { describe, expect, test } from "vitest";
import { childOf, escapeXml, parseXml, textOf } from "../../src/remote/s3/xml.ts";

const parse = (text: string): ReturnType<typeof parseXml> => parseXml(new TextEncoder().encode(text));

test("an answer is read", () => {
  const root = parse(`<?xml version="1.0" encoding="UTF-8"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><!-- a - comment -->
      <IsTruncated>false</IsTruncated><Contents><Key>a/&lt;&#65;&#x42;&amp;</Key><Size>3</Size></Contents>
      <Contents><Key><![CDATA[<b>]]]></Key></Contents><Empty/>
    </ListBucketResult>`);
  expect(root?.name).toBe("ListBucketResult");
  expect(textOf(root, "IsTruncated")).toBe("false");
  expect(textOf(childOf(root, "Contents"), "Key")).toBe("a/<AB&");
  expect(root?.children.map(({ name }) => name)).toEqual(["IsTruncated", "Contents", "Contents", "Empty"]);
  expect(textOf(root?.children[2], "Key")).toBe("<b>]");
  expect(textOf(root, "Absent")).toBeUndefined();
});

describe("what is no answer is refused", () => {
  test.each([
    [""],
    ["text"],
    ["<a>"],
    ["<a></b>"],
    ["</a>"],
    ["<a/><b/>"],
    ["<a></a>text"],
    ["<a>&unknown;</a>"],
    ["<a>&lt</a>"],
    ["<a>&#xD800;</a>"],
    ["<a>&#99999999;</a>"],
    ["<a"],
    ["<a b=c></a>"],
    ["<1/>"],
    ["<a>\ud800</a>".slice(0, 4)],
    ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ["<html><body>Welcome<br></body></html>"],
    [`${"<a>".repeat(20)}${"</a>".repeat(20)}`],
  ])("%s", (text) => {
    expect(parse(text)).toBeUndefined();
  });

  test("bytes that are no text", () => {
    expect(parseXml(new Uint8Array([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).toBeUndefined();
  });
});

test("megabytes of hostile text end soon", () => {
  for (const hostile of [
    "<a ".repeat(300_000),
    `<a${' b="c"'.repeat(200_000)}`,
    "<!--".repeat(200_000),
    "&".repeat(500_000),
  ])
    expect(parse(hostile)).toBeUndefined();
});

test("text is escaped", () => {
  expect(textOf(parse(`<a><b>${escapeXml(`<&>"'`)}</b></a>`), "b")).toBe(`<&>"'`);
});

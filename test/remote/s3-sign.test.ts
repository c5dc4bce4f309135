/** The examples that AWS published: the Signature Version 4 test suite, and those of the S3 API reference. */
import { expect, test } from "vitest";
import {
  authorizationOf,
  canonicalQuery,
  EMPTY_HASH,
  encodeStrictly,
  sha256,
  signingDate,
} from "../../src/remote/s3/sign.ts";

const suite = {
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
  scope: { region: "us-east-1", service: "service", date: "20150830T123600Z" },
};
const suiteHeaders = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" };

test.each([
  ["get-vanilla", "GET", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
  ["post-vanilla", "POST", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
  [
    "get-vanilla-query-order-key-case",
    "GET",
    [
      ["Param2", "value2"],
      ["Param1", "value1"],
    ],
    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  ],
] as const)("the suite's %s", (_, method, query, signature) => {
  const request = { method, path: "/", query, headers: suiteHeaders, payloadHash: EMPTY_HASH };
  expect(authorizationOf(request, suite.credentials, suite.scope)).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  );
});

const s3 = {
  credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
  scope: { region: "us-east-1", service: "s3", date: "20130524T000000Z" },
};
const s3Headers = { host: "examplebucket.s3.amazonaws.com", "x-amz-date": "20130524T000000Z" };
const body = "Welcome to Amazon S3.";

test.each([
  [
    "GET of a range",
    { method: "GET", path: "/test.txt", query: [], headers: { range: "bytes=0-9" }, payloadHash: EMPTY_HASH },
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "PUT",
    {
      method: "PUT",
      path: "/test%24file.text",
      query: [],
      headers: { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
      payloadHash: sha256(body),
    },
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "a query without value",
    { method: "GET", path: "/", query: [["lifecycle", ""]], headers: {}, payloadHash: EMPTY_HASH },
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "a list",
    {
      method: "GET",
      path: "/",
      query: [
        ["prefix", "J"],
        ["max-keys", "2"],
      ],
      headers: {},
      payloadHash: EMPTY_HASH,
    },
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
] as const)("the reference's %s", (_, request, signature) => {
  const headers = { ...s3Headers, ...request.headers, "x-amz-content-sha256": request.payloadHash };
  const value = authorizationOf({ ...request, headers }, s3.credentials, s3.scope);
  expect(value.split("Signature=")[1]).toBe(signature);
});

test("texts, queries and times are written as signatures have them", () => {
  expect(encodeStrictly("a b!'()*~-._/é")).toBe("a%20b%21%27%28%29%2A~-._%2F%C3%A9");
  expect(
    canonicalQuery([
      ["b", "1"],
      ["a", "2"],
      ["a", "1"],
      ["A", ""],
    ]),
  ).toBe("A=&a=1&a=2&b=1");
  expect(signingDate(Date.UTC(2013, 4, 24, 1, 2, 3, 456))).toBe("20130524T010203Z");
});

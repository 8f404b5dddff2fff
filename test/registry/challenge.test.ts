import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../src/registry/challenge.ts";

function parsed(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

describe("WWW-Authenticate", () => {
  it.each([
    ["", []],
    ["Basic", [["basic", {}]]],
    ['Basic realm="a, b"', [["basic", { realm: "a, b" }]]],
    [
      'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
      [["bearer", { realm: "https://a/t", service: "s", scope: "repository:x:pull,push" }]],
    ],
    [
      'BASIC realm=plain , bearer Realm = "q\\"uote"',
      [
        ["basic", { realm: "plain" }],
        ["bearer", { realm: 'q"uote' }],
      ],
    ],
  ])("%s", (header, expected) => {
    expect(parsed(header)).toEqual(expected);
  });

  it("ends with what is malformed", () => {
    expect(parsed('Basic realm="x", ="y"')).toEqual([["basic", { realm: "x" }]]);
  });
});

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onlyParagraph, paragraphs } from "../../../src/sources/debian/deb822.ts";

const parsed = (text: string): Array<Record<string, string>> =>
  [...paragraphs(text, "x")].map((fields) => Object.fromEntries(fields));

describe("control files", () => {
  it("have paragraphs, folded values and comments", () => {
    const text =
      "# first\nPackage: a\nDescription: short\n long\n .\n  indented\n# between\nSize:1\n\n \n\nPackage: b\r\n";
    expect(parsed(text)).toEqual([
      { package: "a", description: "short\nlong\n.\n indented", size: "1" },
      { package: "b" },
    ]);
  });

  it("come back as they were written", () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,8}$/);
    const line = fc.stringMatching(/^[!-~]([ -~]{0,10}[!-~])?$/);
    const value = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.join("\n"));
    const paragraph = fc.dictionary(name, value, { minKeys: 1, noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(paragraph), (written) => {
        const text = written
          .map((fields) =>
            Object.entries(fields)
              .map(([key, content]) => `${key}: ${content.replaceAll("\n", "\n ")}\n`)
              .join(""),
          )
          .join("\n");
        expect(parsed(text)).toEqual(written);
      }),
    );
  });

  it.each([
    [" lost\n", "x, line 1: a continuation line without a field"],
    ["Package: a\nnonsense\n", "x, line 2: neither a field nor a comment"],
    ["A: 1\na: 2\n", "x, line 2: the field a again"],
  ])("refuse %j", (text, message) => {
    expect(() => parsed(text)).toThrow(message);
  });

  it("that must have one paragraph have one", () => {
    expect(() => onlyParagraph("\n", "x")).toThrow("x has no paragraph");
    expect(() => onlyParagraph("A: 1\n\nB: 1\n", "x")).toThrow("x has several paragraphs");
  });
});

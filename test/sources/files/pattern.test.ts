import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PatternList } from "../../../src/sources/files/pattern.ts";
import { errorOf } from "../../support/failures.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

function matches(pattern: string, file: string, isFolder = false): boolean {
  return new PatternList([pattern]).verdict(file, isFolder) === "matched";
}

describe("a pattern", () => {
  it.each([
    ["a", "a", true],
    ["a", "x/a", true],
    ["a", "a/x", false],
    ["/a", "a", true],
    ["/a", "x/a", false],
    ["x/a", "x/a", true],
    ["x/a", "y/x/a", false],
    ["*.js", "deep/er/a.js", true],
    ["x/*.js", "x/a.js", true],
    ["x/*.js", "x/y/a.js", false],
    ["x/**", "x/y/a.js", true],
    ["x/**", "x", false],
    ["**/x", "x", true],
    ["**/x/y", "a/b/x/y", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a**b", "axxb", true],
    ["/a**b", "ax/xb", false],
    ["?", "a", true],
    ["?", "\u{c3}\u{a9}", false],
    ["??", "\u{c3}\u{a9}", true],
    ["é", "\u{c3}\u{a9}", true],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["[]]", "]", true],
    ["[a/]", "/", false],
    ["[[:digit:]]", "7", true],
    ["[[:alpha:]_]", "7", false],
    ["[c-a]", "b", false],
    ["\\!x", "!x", true],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["#x", "#x", true],
    ["a.b", "axb", false],
    [".*", ".git", true],
    ["*", "new\nline", true],
  ])("%j on %j: %s", (pattern, file, expected) => {
    expect(matches(pattern, file)).toBe(expected);
  });

  it("that ends in / is for folders", () => {
    expect(matches("a/", "a", true)).toBe(true);
    expect(matches("a/", "x/a", true)).toBe(true);
    expect(matches("a/", "a", false)).toBe(false);
  });

  it("counts when it is the last that matches", () => {
    const list = new PatternList(["*.js", "!keep.js", "x/keep.js"]);
    expect(["a.js", "keep.js", "x/keep.js", "b"].map((file) => list.verdict(file, false))).toEqual([
      "matched",
      "negated",
      "matched",
      undefined,
    ]);
  });

  it.each(["", "!", "/", "a[b", "a\\", "[[:nonsense:]]"])("%j is refused", (pattern) => {
    const error = errorOf(() => new PatternList([pattern]));
    expect(error.code).toBe("FILES_INVALID");
    expect(error.message).toContain(JSON.stringify(pattern));
  });

  it("means what it means to git", () => {
    const folder = temporaryFolder();
    execFileSync("git", ["init", "-q", folder]);
    const piece = fc.constantFrom(
      "a",
      "b",
      "ab",
      "*",
      "?",
      "**",
      "[ab]",
      "[!a]",
      "a*",
      "*b",
      "\\a",
    );
    const pattern = fc
      .tuple(
        fc.constantFrom("", "!"),
        fc.constantFrom("", "/"),
        fc.array(piece, { minLength: 1, maxLength: 3 }),
        fc.constantFrom("", "/"),
      )
      .map(([not, top, parts, end]) => not + top + parts.join("/") + end);
    const names = ["a", "b", "ab", "abb"];
    const files: string[] = [];
    for (const one of names) {
      for (const two of names) {
        for (const three of names) files.push(`${one}/${two}/${three}`);
        files.push(`${one}/${two}`);
      }
      files.push(one);
    }
    const lists = fc.sample(fc.array(pattern, { minLength: 1, maxLength: 3 }), 40);
    for (const patterns of lists) {
      fs.writeFileSync(path.join(folder, ".gitignore"), `${patterns.join("\n")}\n`);
      const args = ["check-ignore", "--no-index", "--verbose", "--non-matching", "--stdin", "-z"];
      const { stdout } = spawnSync("git", args, { cwd: folder, input: files.join("\0") });
      // Fields of four: source, line, pattern, path. git judges a path by its folders first.
      const fields = stdout.toString("utf8").split("\0");
      const own = new PatternList(patterns);
      files.forEach((file, index) => {
        const decisive = fields[4 * index + 2]!;
        const gits = decisive === "" ? undefined : decisive.startsWith("!") ? "negated" : "matched";
        expect([patterns, file, judged(own, file)]).toEqual([patterns, file, gits]);
      });
    }
  });
});

/** A path is left out with the folder that is. */
function judged(list: PatternList, file: string): string | undefined {
  const parts = file.split("/");
  for (let length = 1; length < parts.length; length += 1) {
    if (list.verdict(parts.slice(0, length).join("/"), true) === "matched") return "matched";
  }
  return list.verdict(file, false);
}

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseSources } from "../../../src/sources/debian/choose-sources.ts";
import type { SourceChoice } from "../../../src/sources/debian/choose-sources.ts";

let root: string;
beforeAll(() => {
  root = fs.mkdtempSync(path.join(tmpdir(), "varve-sources-"));
  fs.mkdirSync(path.join(root, "etc/apt"), { recursive: true });
  fs.writeFileSync(
    path.join(root, "etc/apt/sources.list"),
    "deb [signed-by=/k.gpg] http://a.invalid/debian bookworm main contrib\n" +
      "deb [signed-by=/k.gpg] http://a.invalid/security bookworm-security main\n",
  );
});
afterAll(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

function chosen(choice: SourceChoice): string[] {
  return chooseSources("amd64", choice, root).map(
    ({ mirror, suite, components, keyrings }) =>
      `${mirror} ${suite} ${components.join(",")} ${keyrings.join(",")}`,
  );
}

describe("where packages are taken from", () => {
  it.each<[SourceChoice, string[]]>([
    [
      {},
      [
        "http://a.invalid/debian/ bookworm main,contrib /k.gpg",
        "http://a.invalid/security/ bookworm-security main /k.gpg",
      ],
    ],
    [{ suites: ["bookworm"] }, ["http://a.invalid/debian/ bookworm main,contrib /k.gpg"]],
    [
      { suites: ["trixie", "trixie-security"], components: ["main"], keyring: "/own.gpg" },
      [
        "http://a.invalid/debian/ trixie main /own.gpg",
        "http://a.invalid/security/ trixie-security main /own.gpg",
      ],
    ],
    [
      { mirror: "http://b.invalid/x", suites: ["sid"], keyring: "/own.gpg" },
      ["http://b.invalid/x/ sid main /own.gpg"],
    ],
    [
      { mirror: "http://b.invalid/debian", suites: ["bookworm", "bookworm-security"] },
      [
        "http://b.invalid/debian/ bookworm main ",
        "http://b.invalid/debian-security/ bookworm-security main ",
      ],
    ],
  ])("%j", (choice, expected) => {
    expect(chosen(choice)).toEqual(expected);
  });

  it("a snapshot's Release file may be old", () => {
    const [source] = chooseSources("amd64", { checkValidUntil: false }, root);
    expect(source?.ignoresValidity).toBe(true);
  });

  it("must be said somewhere", () => {
    expect(() => chosen({ mirror: "http://b.invalid" })).toThrow("is given without suites");
    expect(chooseSources("amd64", {}, path.join(root, "nothing"))).toEqual([]);
  });
});

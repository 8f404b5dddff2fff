import * as fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { changedSince } from "../../../src/sources/files/changed-since.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

it("finds what was written since, below all places, but for what git ignores", () => {
  const root = temporaryFolder();
  const old = [".git/HEAD", "src/old.ts", "src/sub/old.ts", "node_modules/a/x.js"];
  const written = ["src/new.ts", "src/sub/kept.log", "dist/main.js", "src/x.log", "lib/dist"];
  for (const file of [...old, ...written]) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), "");
  }
  fs.writeFileSync(path.join(root, ".gitignore"), "# made\ndist/\n*.log\n\n");
  fs.writeFileSync(path.join(root, "src/sub/.gitignore"), "!kept.log\n");
  const all = fs.readdirSync(root, { recursive: true, encoding: "utf8" });
  const since = Math.max(...all.map((file) => fs.statSync(path.join(root, file)).ctimeMs)) + 1000;
  expect(changedSince([root], since)).toEqual([]);
  const shown = (places: readonly string[]): string[] =>
    changedSince(places, since - 60_000).map((file) => path.relative(root, file));
  const expected = [
    "lib/dist",
    "src/new.ts",
    "src/old.ts",
    "src/sub/.gitignore",
    "src/sub/kept.log",
    "src/sub/old.ts",
  ];
  expect(shown([root])).toEqual([".gitignore", ...expected]);
  expect(shown(["src", "lib", "dist", "none", "src"].map((name) => path.join(root, name)))).toEqual(
    expected,
  );
});

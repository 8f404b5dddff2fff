import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { isRecipeFile, loadRecipes } from "../../src/recipe/load-recipe.ts";
import type { LoadedRecipe } from "../../src/recipe/load-recipe.ts";
import { runVarve } from "../support/run-varve.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const STORE_PATH = "/nix/store/l9r346p3d25vs4g5v37f3r3f28js97kb-thing-1.0";

function write(folder: string, name: string, text: string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return file;
}

function recipe(nix: readonly string[], more: object = {}): string {
  return JSON.stringify({ contents: [{ nix }], ...more });
}

describe("isRecipeFile", () => {
  it.each([
    ["recipe.json", true],
    ["varve.config.ts", true],
    ["varve.config.mjs", true],
    ["app.tar", false],
    ["missing.json", false],
    ["folder.json", false],
    ["flake.json#app", false],
  ])("%s: %s", (name, expected) => {
    const folder = temporaryFolder();
    for (const file of ["recipe.json", "varve.config.ts", "varve.config.mjs", "app.tar"]) {
      write(folder, file, "");
    }
    write(folder, "flake.json#app", "");
    fs.mkdirSync(path.join(folder, "folder.json"));
    expect(isRecipeFile(path.join(folder, name))).toBe(expected);
  });
});

describe("a recipe file", () => {
  it("may be JSON", async () => {
    const file = write(temporaryFolder(), "recipe.json", recipe([STORE_PATH], { tag: "1" }));
    expect(await loadRecipes(file)).toMatchObject([
      { recipe: { tag: "1", contents: [{ nix: [STORE_PATH] }] } },
    ]);
  });

  it.each([
    ["./result", "/F/result"],
    ["../result/bin/x", "/result/bin/x"],
    [".", "/F"],
    ["..", "/"],
    [".#app", "/F#app"],
    ["../flake#a.b^out", "/flake#a.b^out"],
    [".?dir=sub#app", "/F?dir=sub#app"],
    ["path:.#app", "path:/F#app"],
    ["path:../other", "path:/other"],
    ["git+file:.#app", "git+file:/F#app"],
    ["nixpkgs#hello", "nixpkgs#hello"],
    ["github:owner/name#x", "github:owner/name#x"],
    ["/absolute", "/absolute"],
    ["...", "..."],
    [STORE_PATH, STORE_PATH],
  ])("counts %s from its folder", async (given, expected) => {
    const outside = temporaryFolder();
    const file = write(path.join(outside, "F"), "recipe.json", recipe([given]));
    const [
      {
        recipe: { contents },
      },
    ] = (await loadRecipes(file)) as [LoadedRecipe];
    const [found = ""] = "nix" in contents[0]! ? contents[0].nix : [];
    const relative = found.replace(outside, "").replace(/^((?:path|git\+file):)?$/, "$1/");
    expect(relative).toBe(expected);
  });

  it.each([
    ["debian:12", "debian:12"],
    ["ghcr.io/team/base@sha256:x", "ghcr.io/team/base@sha256:x"],
    ["docker://base", "docker://base"],
    ["docker-daemon:base:1", "docker-daemon:base:1"],
    ["base.tar:app:1", "FOLDER/base.tar:app:1"],
    ["./layout", "FOLDER/layout"],
    ["layout:1.0", "FOLDER/layout:1.0"],
    ["oci:layout:1.0", "oci:FOLDER/layout:1.0"],
    ["docker-archive:/base.tar", "docker-archive:/base.tar"],
    ["other:1.0", "other:1.0"],
  ])("takes %s for a place or a name", async (base, expected) => {
    const folder = temporaryFolder();
    fs.mkdirSync(path.join(folder, "layout"));
    fs.writeFileSync(path.join(folder, "layout/oci-layout"), "{}");
    fs.mkdirSync(path.join(folder, "other"));
    const file = write(folder, "recipe.json", recipe(["."], { base }));
    const found = expected.replace("FOLDER", folder);
    expect(await loadRecipes(file)).toMatchObject([{ recipe: { base: found } }]);
  });

  it("counts its base from its folder", async () => {
    const folder = temporaryFolder();
    const file = write(folder, "recipe.json", recipe(["."], { base: "images/base.tar" }));
    const base = path.join(folder, "images/base.tar");
    expect(await loadRecipes(file)).toMatchObject([{ recipe: { base } }]);
  });

  it.each<[string, string, string]>([
    ["recipe.json", "{", " is not JSON: "],
    [
      "recipe.json",
      recipe([], { tags: "1" }),
      ':1:26: there is no key "tags"; did you mean "tag"?',
    ],
    ["recipe.mjs", "export const recipe = {};", " has no default export"],
  ])("%s: %s is refused", async (name, text, message) => {
    const file = write(temporaryFolder(), name, text);
    const refused = expect.objectContaining({ code: "RECIPE_INVALID" }) as Error;
    await expect(loadRecipes(file)).rejects.toThrow(refused);
    await expect(loadRecipes(file)).rejects.toThrow(file + message);
  });
});

/** What the program says of a recipe: its errors, or, if there are none, that there is no store. */
function outcome(folder: string, name: string): string {
  const store = path.join(folder, "no-store");
  return runVarve(["plan", name, "--store-root", store], { cwd: folder }).stderr;
}

/* Modules are loaded by the program itself: the test runner loads them in its own way. */
describe("a recipe that is a module", () => {
  const LOADED = "varve: there is no Nix store at ";
  const TYPED =
    'import { defineImage } from "varve";\n' +
    "const place: string = import.meta.dirname;\n" +
    `export default defineImage({ name: "x", contents: [{ nix: "${STORE_PATH}" }] });\n`;

  it.each([
    ["no package.json", undefined],
    ["a package of CommonJS modules", '{"type": "commonjs"}'],
    ["a package that does not say", "{}"],
  ])("imports from varve wherever it lies: in %s", (_what, packageJson) => {
    const folder = temporaryFolder();
    if (packageJson !== undefined) write(folder, "package.json", packageJson);
    write(folder, "varve.config.ts", TYPED);
    const said = outcome(folder, "varve.config.ts");
    expect(said).toMatch(LOADED);
    expect(said.split("\n")).toHaveLength(3);
  });

  it("may be what module.exports says", () => {
    const folder = temporaryFolder();
    write(folder, "package.json", '{"type": "commonjs"}');
    write(folder, "varve.config.js", `module.exports = { contents: [{ nix: "${STORE_PATH}" }] };`);
    expect(outcome(folder, "varve.config.js")).toMatch(LOADED);
  });

  it.each([
    ["an error of its own", "const a = 1;\nthrow new Error(`no ${a}`);", "r.ts, line 2: no 1"],
    ["a wrong letter", "const a = 1;\n\nexport default {", "r.ts, line 3: "],
    ["what cannot be stripped", "\nenum Kind {}", "r.ts, line 2: TypeScript enum is not supported"],
    ["a missing import", 'import "./nope.ts";', "r.ts: Cannot find module"],
    ["a wrong key", "export default { layers: { mx: 3 } };", 'at layers: there is no key "mx"'],
  ])("tells of %s where it is", (_what, text, message) => {
    const folder = temporaryFolder();
    write(folder, "r.ts", text);
    const said = outcome(folder, "r.ts");
    expect(said).toContain(message);
    expect(said).not.toMatch(/\n\s+at /);
  });
});

import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseNixArgument } from "../../../src/sources/nix/argument.ts";
import { NixStore } from "../../../src/sources/nix/store.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { failureOf } from "../../support/failures.ts";

const PATH = "/nix/store/7rjqb838snvvxcmpvck1smfxhkwzqal5-hello-2.12.1";
const own = new NixStore({}, {});

function workIn(folder: string): void {
  const before = process.cwd();
  process.chdir(folder);
  onTestFinished(() => {
    process.chdir(before);
  });
}

/** A store with one path that exists, under a root. */
function rootedStore(folder: string): NixStore {
  const store = new NixStore({ storeRoot: path.join(folder, "root") }, {});
  fs.mkdirSync(path.join(store.locate(PATH), "bin"), { recursive: true });
  fs.writeFileSync(path.join(store.locate(PATH), "bin/hello"), "");
  return store;
}

async function refused(text: string): Promise<string> {
  return (await failureOf(() => parseNixArgument(text, own))).message;
}

describe("what an argument names", () => {
  it.each([PATH, `${PATH}/bin/hello`, `${PATH}/`])("%s: a store path", (text) => {
    expect(parseNixArgument(text, own)).toEqual({ kind: "store-path", path: PATH });
  });

  it("follows links until they reach the store, be it there or not", () => {
    const folder = temporaryFolder();
    workIn(folder);
    fs.symlinkSync(PATH, "result");
    fs.symlinkSync("result", "again");
    fs.mkdirSync("sub");
    fs.symlinkSync("../again", "sub/link");
    for (const text of [
      "result",
      "./result",
      "again",
      "sub/link",
      "./result/bin/hello",
      `${folder}/sub/link/bin`,
    ]) {
      expect(parseNixArgument(text, own)).toEqual({ kind: "store-path", path: PATH });
    }
  });

  it("does not follow a store path that is a link itself", () => {
    const folder = temporaryFolder();
    const store = rootedStore(folder);
    const link = "/nix/store/0rjqb838snvvxcmpvck1smfxhkwzqal5-link";
    fs.symlinkSync(PATH, store.locate(link));
    fs.symlinkSync(link, path.join(folder, "result"));
    expect(parseNixArgument(path.join(folder, "result"), store)).toEqual({
      kind: "store-path",
      path: link,
    });
  });

  it("finds the store under a root, by logical and by physical names, even through a link", () => {
    const folder = temporaryFolder();
    const store = rootedStore(folder);
    fs.symlinkSync(store.locate(PATH), path.join(folder, "physical"));
    fs.symlinkSync(PATH, path.join(folder, "logical"));
    fs.symlinkSync("root", path.join(folder, "alias"));
    const aliased = new NixStore({ storeRoot: path.join(folder, "alias") }, {});
    for (const text of ["physical", "logical", `root${PATH}`, `alias${PATH}/bin/hello`]) {
      for (const each of [store, aliased]) {
        expect(parseNixArgument(path.join(folder, text), each)).toEqual({
          kind: "store-path",
          path: PATH,
        });
      }
    }
  });

  it("passes folders to Nix, bare names as paths", () => {
    workIn(temporaryFolder());
    fs.mkdirSync("project");
    expect(parseNixArgument("project", own)).toEqual({
      kind: "installable",
      installable: "./project",
    });
    for (const installable of [".", "..", "./project", path.resolve("project")]) {
      expect(parseNixArgument(installable, own)).toEqual({ kind: "installable", installable });
    }
  });

  it.each([
    ".#app",
    ".#packages.x86_64-linux.default",
    "nixpkgs",
    "nixpkgs#hello",
    "nixpkgs/nixos-unstable#hello^dev",
    "github:NixOS/nixpkgs",
    "path:/some/where#x",
    "git+ssh://git@host/repo?ref=main#x",
    `${PATH}#app`,
  ])("%s: an installable", (installable) => {
    expect(parseNixArgument(installable, own)).toEqual({ kind: "installable", installable });
  });

  it("has a derivation's outputs built, and does not take it for them", async () => {
    for (const text of [`${PATH}.drv^out,dev`, `${PATH}.drv!out,dev`]) {
      expect(parseNixArgument(text, own)).toEqual({
        kind: "installable",
        installable: `${PATH}.drv^out,dev`,
      });
    }
    expect(await refused(`${PATH}.drv`)).toBe(`${PATH}.drv is a derivation, not what it builds`);
  });

  it.each([
    [["--file", "."], "pkgs.hello", true],
    [["-f", "default.nix"], "hello_1", true],
    [["--impure", "--expr", "{ }"], "a.b", true],
    [["--impure"], "pkgs.hello", false],
    [["-f", "."], "./pkgs.hello", false],
  ])("is an attribute of the file that Nix is told: %j, %s", async (nixArgs, text, isOne) => {
    workIn(temporaryFolder());
    if (!isOne) {
      const error = await failureOf(() => parseNixArgument(text, own, nixArgs));
      expect(error.message).toBe(`there is no "${text}"`);
      return;
    }
    expect(parseNixArgument(text, own, nixArgs)).toEqual({
      kind: "installable",
      installable: text,
    });
  });

  it("refuses what is not there, is no source, or goes round in circles", async () => {
    workIn(temporaryFolder());
    fs.writeFileSync("file.txt", "");
    fs.symlinkSync("b", "a");
    fs.symlinkSync("a", "b");
    expect(await refused("./nowhere")).toBe('there is no "./nowhere"');
    expect(await refused("varve.config.ts")).toBe('there is no "varve.config.ts"');
    expect(await refused("")).toBe('there is no ""');
    expect(await refused("file.txt")).toBe(
      "file.txt is neither a recipe, nor in the Nix store, nor a flake",
    );
    expect(await refused("./a")).toMatch(/go round in circles$/);
    expect(await refused("/nix/store/hello")).toContain("/nix/store/hello is not a store path");
  });
});

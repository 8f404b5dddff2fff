import { describe, expect, it } from "vitest";
import {
  isStorePath,
  nameOf,
  packageNameOf,
  storePathOf,
} from "../../../src/sources/nix/store-path.ts";
import { failureOf } from "../../support/failures.ts";

const HASH = "7rjqb838snvvxcmpvck1smfxhkwzqal5";
const PATH = `/nix/store/${HASH}-hello-2.12.1`;

describe("store paths", () => {
  it.each([
    [PATH, PATH],
    [`${PATH}/bin/hello`, PATH],
    [`${PATH}/`, PATH],
    [`/nix/store/${HASH}-${"x".repeat(211)}`, `/nix/store/${HASH}-${"x".repeat(211)}`],
    [`/nix/store/${HASH}-a+b_c?d=e.drv`, `/nix/store/${HASH}-a+b_c?d=e.drv`],
    [`/nix/store/${HASH}-.hidden`, `/nix/store/${HASH}-.hidden`],
    ["/nix/store", undefined],
    ["/nix/storehouse/x", undefined],
    ["/home/me/project", undefined],
    [PATH.slice(1), undefined],
  ])("%s lies in %s", (path, expected) => {
    expect(storePathOf(path, "/nix/store")).toBe(expected);
  });

  it.each([
    ["/nix/store/.links/abc", "32 characters"],
    [`/nix/store/${HASH.slice(1)}-short`, "32 characters"],
    [`/nix/store/${HASH.replace("7", "e")}-vowel`, "32 characters"],
    [`/nix/store/${HASH.toUpperCase()}-upper`, "32 characters"],
    [`/nix/store/${HASH}`, "32 characters"],
    [`/nix/store/${HASH}-`, "name is not allowed"],
    [`/nix/store/${HASH}-a b`, "name is not allowed"],
    [`/nix/store/${HASH}-é`, "name is not allowed"],
    [`/nix/store/${HASH}-..`, "name is not allowed"],
    [`/nix/store/${HASH}-.-x`, "name is not allowed"],
    [`/nix/store/${HASH}-${"x".repeat(212)}`, "name is not allowed"],
  ])("%s is refused", async (path, reason) => {
    const error = await failureOf(() => storePathOf(path, "/nix/store"));
    expect(error.code).toBe("STORE_PATH_MALFORMED");
    expect(error.message).toContain(path);
    expect(error.message).toContain(reason);
    expect(isStorePath(path, "/nix/store")).toBe(false);
  });

  it("belong to one store", () => {
    expect(isStorePath(PATH, "/nix/store")).toBe(true);
    expect(isStorePath(PATH, "/other/store")).toBe(false);
    expect(isStorePath(`${PATH}/bin`, "/nix/store")).toBe(false);
    expect(storePathOf(`/other/store/${HASH}-x/y`, "/other/store")).toBe(`/other/store/${HASH}-x`);
  });

  it.each([
    ["hello-2.12.1", "hello"],
    ["hello", "hello"],
    ["nodejs-slim-24.1.0-bin", "nodejs-slim"],
    ["gtk+3-3.24", "gtk+3"],
    ["a-b-c", "a-b-c"],
    ["varve-_x", "varve"],
  ])("%s is called %s without its version", (name, expected) => {
    expect(nameOf(`/nix/store/${HASH}-${name}`)).toBe(name);
    expect(packageNameOf(`/nix/store/${HASH}-${name}`)).toBe(expected);
  });
});

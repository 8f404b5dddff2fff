import { describe, expect, it } from "vitest";
import { parseIgnoreList } from "../../src/layering/ignore.ts";

describe("parseIgnoreList", () => {
  it("takes one id a line, without space around it", () => {
    expect([...parseIgnoreList("/nix/store/a\r\n\n  /nix/store/b\n/nix/store/a")]).toEqual([
      "/nix/store/a",
      "/nix/store/b",
    ]);
  });

  it("takes an empty file for no id", () => {
    expect(parseIgnoreList("").size).toBe(0);
  });
});

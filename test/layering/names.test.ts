import { describe, expect, it } from "vitest";
import { compareByName, popularityTieKey, sortedByName } from "../../src/layering/name-order.ts";
import { storePath } from "./support/closures.ts";

describe("sortedByName", () => {
  const sorted = [
    storePath("bash-5.2", "b"),
    storePath("bash-5.2", "c"),
    storePath("bash-5.2-doc", "a"),
    "plain",
    storePath("\uFFFD"),
    storePath("😀"),
  ];

  it("goes by name, then by hash, in code points", () => {
    expect(sortedByName(sorted.toReversed())).toEqual(sorted);
  });

  it("is the order of compareByName", () => {
    expect(sorted.toReversed().toSorted(compareByName)).toEqual(sorted);
  });
});

describe("popularityTieKey", () => {
  it.each([
    ["/nix/store/abc-bash-5.2", "bash-5.2-/nix/store/abc"],
    ["plain", "plain"],
    ["-x", "x-"],
  ])("of %s is %s", (id, key) => {
    expect(popularityTieKey(id)).toBe(key);
  });
});

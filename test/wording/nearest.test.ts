import { describe, expect, it } from "vitest";
import { nearest } from "../../src/wording/nearest.ts";

describe("nearest", () => {
  const candidates = ["auto-layer", "popularity-contest", "map"];

  it.each([
    ["auto-layer", "auto-layer"],
    ["autolayer", "auto-layer"],
    ["auto_layers", "auto-layer"],
    ["POPULARITY_CONTEST", "popularity-contest"],
    ["pop", "popularity-contest"],
    ["mpa", "map"],
    ["filesystem", undefined],
    ["", undefined],
  ])("of %s is %s", (word, meant) => {
    expect(nearest(word, candidates)).toBe(meant);
  });
});

import { describe, expect, it } from "vitest";
import { isOlder, negotiateApiVersion } from "../../src/engine/api-version.ts";

describe("negotiateApiVersion", () => {
  it("takes the engine's version if it is older than ours", () => {
    expect(negotiateApiVersion("1.41")).toBe("1.41");
    expect(negotiateApiVersion("1.24")).toBe("1.24");
  });

  it("takes ours if the engine's is newer", () => {
    const ours = negotiateApiVersion("1.999");
    expect(isOlder(ours, "1.999")).toBe(true);
    expect(negotiateApiVersion("2.0")).toBe(ours);
    expect(negotiateApiVersion(ours)).toBe(ours);
  });

  it("refuses an engine that is too old", () => {
    expect(() => negotiateApiVersion("1.23")).toThrow("the engine speaks API version 1.23");
    expect(() => negotiateApiVersion("1.3")).toThrow("needs 1.24 or newer");
  });

  it.each(["", "1", "latest", "1.41.2"])("refuses %j", (version) => {
    expect(() => negotiateApiVersion(version)).toThrow("the engine's API version is");
  });
});

describe("isOlder", () => {
  it("compares numbers, not texts", () => {
    expect(isOlder("1.9", "1.41")).toBe(true);
    expect(isOlder("1.41", "1.9")).toBe(false);
    expect(isOlder("1.99", "2.0")).toBe(true);
    expect(isOlder("1.41", "1.41")).toBe(false);
  });
});

import { describe, expect, it } from "vitest";
import { hostPlatform, isPlatform, parsePlatform, platformText } from "../../src/image/platform.ts";
import { errorOf } from "../support/failures.ts";

describe("a platform", () => {
  it.each(["linux/amd64", "linux/arm/v7", "windows/amd64"])("%s reads as it is written", (text) => {
    expect(platformText(parsePlatform(text))).toBe(text);
  });

  it.each(["", "linux", "linux/", "linux/arm/v7/x", "Linux/amd64"])("is not %s", (text) => {
    expect(errorOf(() => parsePlatform(text)).exitCode).toBe(2);
  });

  it.each([
    ["linux/arm64", "linux/arm64/v8", true],
    ["linux/arm64/v8", "linux/arm64", true],
    ["linux/arm/v6", "linux/arm", true],
    ["linux/arm", "linux/arm/v7", true],
    ["linux/arm/v6", "linux/arm/v7", false],
    ["linux/amd64", "linux/arm64", false],
    ["windows/amd64", "linux/amd64", false],
  ])("%s serves where %s is wanted: %s", (has, wanted, expected) => {
    expect(isPlatform(parsePlatform(has), parsePlatform(wanted))).toBe(expected);
  });

  it("of this machine runs Linux", () => {
    expect(platformText(hostPlatform())).toMatch(/^linux\/(amd64|arm64)$/);
  });
});

import { describe, expect, it } from "vitest";
import { indexPlatformText, isSamePlace } from "../../src/image/index-platform.ts";
import { choosePlatform } from "../../src/image/platform.ts";

const linux = (
  architecture: string,
  variant?: string,
): { os: string; architecture: string; variant?: string } =>
  variant === undefined ? { os: "linux", architecture } : { os: "linux", architecture, variant };

describe("platforms of an index", () => {
  it.each([
    [linux("amd64"), "linux/amd64"],
    [linux("arm", "v7"), "linux/arm/v7"],
    [{ ...linux("amd64"), os: "windows", "os.version": "10.0.1" }, "windows(10.0.1)/amd64"],
  ])("%j is %s", (platform, text) => {
    expect(indexPlatformText(platform)).toBe(text);
  });

  it.each([
    [linux("arm64"), linux("arm64", "v8"), true],
    [linux("arm"), linux("arm", "v7"), true],
    [linux("arm", "v6"), linux("arm", "v7"), false],
    [linux("amd64"), linux("amd64", "v3"), false],
    [linux("amd64"), { ...linux("amd64"), "os.version": "1" }, false],
    [linux("amd64"), { ...linux("amd64"), "os.features": ["win32k"] }, false],
    [linux("s390x"), linux("s390x", ""), true],
  ])("%j and %j have one place: %s", (one, other, same) => {
    expect(isSamePlace(one, other)).toBe(same);
    expect(isSamePlace(other, one)).toBe(same);
  });

  it.each([
    ["linux/arm64", [linux("amd64"), linux("arm64", "v8")], linux("arm64"), 1],
    ["the usual variant", [linux("arm", "v6"), linux("arm", "v7")], linux("arm"), 1],
    ["any variant", [linux("amd64", "v3")], linux("amd64"), 0],
    ["no other variant", [linux("arm", "v6")], linux("arm", "v7"), -1],
    ["the first of several", [linux("amd64"), linux("amd64")], linux("amd64"), 0],
  ])("chooses %s", (_name, platforms, wanted, expected) => {
    const chosen = choosePlatform(platforms, wanted, (platform) => platform);
    expect(chosen === undefined ? -1 : platforms.indexOf(chosen)).toBe(expected);
  });
});

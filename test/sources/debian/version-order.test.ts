import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareVersions, isVersion } from "../../../src/sources/debian/version-order.ts";
import { arbitraryVersion } from "./support/arbitrary-version.ts";

describe("the order of versions", () => {
  it.each([
    ["1.0", "<", "1.1"],
    ["1.9", "<", "1.10"],
    ["1.0~rc1", "<", "1.0"],
    ["1.0~~", "<", "1.0~"],
    ["1.0~", "<", "1.0"],
    ["1.0", "<", "1.0a"],
    ["1.0a", "<", "1.0+b1"],
    ["1.0Z", "<", "1.0a"],
    ["1.0-1", "<", "1.0-1+b1"],
    ["1.0-1~bpo12+1", "<", "1.0-1"],
    ["1:0.1", ">", "9.9"],
    ["0:1", "=", "1"],
    ["1.0", "=", "1.0-0"],
    ["1.00", "=", "1.0"],
    ["1.0-", "?", "1.0"],
    ["2.36-9+deb12u9", "<", "2.36-9+deb12u10"],
    ["1-2-3", ">", "1-2-2"],
    ["123456789012345678901234567890", "<", "123456789012345678901234567891"],
  ])("%s %s %s", (a, relation, b) => {
    if (relation === "?") {
      expect(isVersion(a)).toBe(false);
      return;
    }
    const expected = { "<": -1, "=": 0, ">": 1 }[relation];
    expect(Math.sign(compareVersions(a, b))).toBe(expected);
    expect(Math.sign(compareVersions(b, a)) + expected!).toBe(0);
  });

  it("is a total order", () => {
    fc.assert(
      fc.property(arbitraryVersion, arbitraryVersion, arbitraryVersion, (a, b, c) => {
        const sorted = [a, b, c].toSorted(compareVersions);
        expect(compareVersions(sorted[0]!, sorted[2]!)).toBeLessThanOrEqual(0);
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) || 0);
        expect(compareVersions(a, a)).toBe(0);
      }),
    );
  });

  it.each(["", ":1", "a:1", "1.0-1_2", "1 0", "99999999999:1", "ü"])("refuses %j", (version) => {
    expect(isVersion(version)).toBe(false);
    expect(() => compareVersions(version, "1")).toThrow("is not a version of a Debian package");
  });
});

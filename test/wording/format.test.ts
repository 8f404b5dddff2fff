import { describe, expect, it } from "vitest";
import {
  count,
  cutTo,
  formatBytes,
  formatSeconds,
  nameSome,
  shortName,
} from "../../src/wording/format.ts";

describe("wording", () => {
  it.each([
    [0, "0 B"],
    [1, "1 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [1234, "1.23 kB"],
    [9994, "9.99 kB"],
    [9995, "10.0 kB"],
    [99_949, "99.9 kB"],
    [99_950, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [1_530_000_000, "1.53 GB"],
    [2e12, "2.00 TB"],
    [5e15, "5000 TB"],
  ])("%d bytes: %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, "0.00 s"],
    [0.4249, "0.42 s"],
    [9.994, "9.99 s"],
    [9.996, "10.0 s"],
    [59.94, "59.9 s"],
    [59.96, "1 min 0 s"],
    [61.4, "1 min 1 s"],
    [3599.6, "60 min 0 s"],
  ])("%d seconds: %s", (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it("counts", () => {
    expect([0, 1, 2].map((number) => count(number, "layer"))).toEqual([
      "0 layers",
      "1 layer",
      "2 layers",
    ]);
  });

  it("names components by what people call them", () => {
    const hello = `/nix/store/${"0".repeat(32)}-hello-2.12.1`;
    expect(shortName(hello)).toBe("hello-2.12.1");
    expect(shortName("/nix/store/short-hello")).toBe("/nix/store/short-hello");
    for (const name of ["sha256:*", "*/layer.tar", "*.tar", "blobs/sha256/*"]) {
      expect(shortName(name.replace("*", "0123456789abcdef".repeat(4)))).toBe("0123456789ab");
    }
    expect(nameSome([hello, "b", "c"], 3)).toBe("hello-2.12.1, b, c");
    expect(nameSome([hello, "b", "c", "d"], 2)).toBe("hello-2.12.1, b and 2 more");
    expect(nameSome([], 3)).toBe("");
  });

  it("cuts lines to a width", () => {
    expect(cutTo("abcdef", 6)).toBe("abcdef");
    expect(cutTo("abcdefg", 6)).toBe("abcde…");
    expect(cutTo("abc", 0)).toBe("…");
  });
});

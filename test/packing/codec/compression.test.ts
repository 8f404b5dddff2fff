import { describe, expect, it } from "vitest";
import { compressionByName } from "../../../src/packing/codec/compression.ts";

describe("compression by name", () => {
  it.each([
    ["image.tar", "none"],
    ["image", "none"],
    ["image.tar.gz", "gzip"],
    ["image.tgz", "gzip"],
    ["IMAGE.TAR.GZ", "gzip"],
    ["image.tar.zst", "zstd"],
    ["image.tzst", "zstd"],
    ["image.tar.zstd", "zstd"],
    ["folder.gz/image.tar", "none"],
    ["imagegz", "none"],
  ])("%s: %s", (file, compression) => {
    expect(compressionByName(file)).toBe(compression);
  });
});

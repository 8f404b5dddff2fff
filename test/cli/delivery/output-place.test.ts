import { describe, expect, it } from "vitest";
import { parseOutput } from "../../../src/cli/delivery/output-place.ts";
import { errorOf } from "../../support/failures.ts";

describe("-o", () => {
  it.each([
    ["image.tar.gz", { kind: "archive", file: "image.tar.gz" }],
    ["-", { kind: "archive", file: "-" }],
    ["docker-archive:image.tar", { kind: "archive", file: "image.tar" }],
    ["oci:dir", { kind: "oci-layout", folder: "dir", version: "" }],
    ["oci:dir:1.0", { kind: "oci-layout", folder: "dir", version: "1.0" }],
    ["oci-archive:x.tar:1.0", { kind: "oci-archive", file: "x.tar", version: "1.0" }],
    ["type=oci,dest=x.tar", { kind: "oci-archive", file: "x.tar", version: "" }],
    ["type=oci,dest=dir,tar=false", { kind: "oci-layout", folder: "dir", version: "" }],
    ["type=docker,dest=x.tar", { kind: "archive", file: "x.tar" }],
    ["type=docker", { kind: "archive", file: "-" }],
  ])("%s", (text, place) => {
    expect(parseOutput(text).place).toEqual(place);
  });

  it("takes what buildx says about layers", () => {
    const text = "type=oci,dest=x,compression=zstd,compression-level=9";
    expect(parseOutput(text)).toMatchObject({ compression: "zstd", compressionLevel: 9 });
    expect(parseOutput("type=oci,dest=x,compression=uncompressed").compression).toBe("none");
  });

  it.each([
    ["type=oci", "dest="],
    ["type=local,dest=x", "does not write"],
    ["type=oci,dest=x,name=app", "name the image by -t"],
    ["type=oci,dest=x,compression=lzma", "none, gzip, zstd"],
    ["type=oci,dest=x,compression-level=0", "not a whole number"],
    ["docker-archive:x:app:1", "name it by -t app:1"],
    ["oci:", "oci:PATH"],
  ])("refuses %s", (text, told) => {
    const error = errorOf(() => parseOutput(text));
    expect(error.exitCode).toBe(2);
    expect(`${error.message} ${error.hint}`).toContain(told);
  });
});

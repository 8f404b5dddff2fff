import * as fs from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { parseLocation, shownLocation } from "../../src/transports/location.ts";
import { errorOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("a location as skopeo spells it", () => {
  it.each([
    ["docker://redis", { reference: { registry: "docker.io", path: "library/redis" } }],
    ["docker://localhost:5000/a/b:1", { reference: { registry: "localhost:5000", version: "1" } }],
    [`docker://ghcr.io/a@${DIGEST}`, { reference: { path: "a", version: DIGEST } }],
    ["oci:folder", { kind: "oci-layout", folder: "folder", version: "" }],
    ["oci:/a/b:1.0", { kind: "oci-layout", folder: "/a/b", version: "1.0" }],
    ["oci:x:docker.io/library/y:1", { folder: "x", version: "docker.io/library/y:1" }],
    [`oci:x@${DIGEST}`, { folder: "x", version: DIGEST }],
    ["oci-archive:x.tar:1", { kind: "oci-archive", file: "x.tar", version: "1" }],
    ["docker-archive:x:a/b:1", { kind: "docker-archive", file: "x", version: "a/b:1" }],
    ["docker-daemon:redis:7", { kind: "docker-daemon", name: "redis:7" }],
    [`docker-daemon:${DIGEST}`, { kind: "docker-daemon", name: DIGEST }],
  ])("%s", (text, expected) => {
    const location = parseLocation(text);
    expect(location).toMatchObject(expected);
    expect(shownLocation(location)).toBe(text.replace("docker://", ""));
  });

  it.each([
    ["dir:/x/y", "varve does not read or write dir:"],
    ["containers-storage:docker.io/x", "varve does not read or write containers-storage:"],
    ["oci:", '"oci:" does not say where the image is'],
    ["docker-daemon:", '"docker-daemon:" does not say where the image is'],
    ["docker://", "the name is empty"],
    ["docker://Redis", "has capitals"],
  ])("%s is refused", (text, message) => {
    const error = errorOf(() => parseLocation(text));
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain(message);
    expect(error.hint).not.toBe("");
  });
});

describe("a plain location", () => {
  let folder: string;
  const at = (name: string): string => path.join(folder, name);
  beforeEach(() => {
    folder = temporaryFolder();
    fs.mkdirSync(at("layout"));
    fs.writeFileSync(at("layout/oci-layout"), "{}");
    fs.mkdirSync(at("other"));
    fs.writeFileSync(at("image"), "");
    fs.writeFileSync(at("with:colon"), "");
  });

  it("is a layout or a file that exists, perhaps with a name in it", () => {
    const layout = { kind: "oci-layout", folder: at("layout") };
    const archive = { kind: "any-archive", file: at("image") };
    expect(parseLocation(at("layout"))).toEqual({ ...layout, version: "" });
    expect(parseLocation(at("layout:1.0"))).toEqual({ ...layout, version: "1.0" });
    expect(parseLocation(at(`layout@${DIGEST}`))).toEqual({ ...layout, version: DIGEST });
    expect(parseLocation(at("image"))).toEqual({ ...archive, version: "" });
    expect(parseLocation(at("image:a/b:1"))).toEqual({ ...archive, version: "a/b:1" });
    expect(parseLocation(at("with:colon"))).toMatchObject({ file: at("with:colon") });
    expect(parseLocation(`oci-archive:${at("with:colon")}`)).toMatchObject({ version: "" });
  });

  it("is a path when it can be nothing else", () => {
    expect(parseLocation(at("gone"))).toMatchObject({ kind: "oci-layout" });
    expect(parseLocation("./gone")).toMatchObject({ kind: "oci-layout" });
    for (const ending of ["tar", "tar.gz", "tgz", "tar.zst", "tar.xz", "tar.bz2"]) {
      expect(parseLocation(`gone.${ending}`)).toMatchObject({ kind: "any-archive" });
    }
  });

  it("is a name in a registry otherwise", () => {
    expect(parseLocation("other")).toMatchObject({
      kind: "registry",
      reference: { registry: "docker.io", path: "library/other", version: "latest" },
    });
    expect(parseLocation("dir:1.0")).toMatchObject({ reference: { version: "1.0" } });
    expect(parseLocation("ghcr.io/a/b:1")).toMatchObject({ name: "ghcr.io/a/b:1" });
  });
});

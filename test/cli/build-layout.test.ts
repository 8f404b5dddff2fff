import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { openOciArchive } from "../../src/oci-layout/oci-archive.ts";
import { writeConf } from "../support/conf.ts";
import { runVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const STORE_PATH = "/nix/store/l9r346p3d25vs4g5v37f3r3f28js97kb-thing-1.0";

function fixture(): { folder: string; args: string[] } {
  const folder = temporaryFolder();
  createStorePaths(folder, [
    { path: STORE_PATH, entries: [{ path: "", type: "file", mode: "0444", text: "x" }] },
  ]);
  const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
  return { folder, args: ["build", "--conf", conf, "--store-root", folder] };
}

interface Metadata {
  readonly written: number;
  readonly names: readonly string[];
  readonly layers: ReadonlyArray<{ readonly sent: boolean; readonly mediaType: string }>;
}

describe("varve build -o oci:DIR", () => {
  it("makes a layout, prints its digest, and writes nothing the second time", async () => {
    const { folder, args } = fixture();
    const layout = path.join(folder, "layout");
    const metadata = path.join(folder, "metadata.json");
    const build = (): { line: string; told: Metadata; stderr: string } => {
      const output = ["-o", `oci:${layout}`, "--metadata-file", metadata];
      const { status, stdout, stderr } = runVarve([...args, ...output]);
      expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
      const told = JSON.parse(fs.readFileSync(metadata, "utf8")) as Metadata;
      return { line: stdout.toString().trim(), told, stderr };
    };
    const first = build();
    const digest = (await OciLayout.open(layout).readManifest("test:latest"))?.digest;
    expect(first.line).toBe(`oci:${layout}@${digest}`);
    expect(first.told.names).toEqual(["latest"]);
    expect(first.told.layers.map(({ sent }) => sent)).toEqual([true, true]);
    const second = build();
    expect(second.line).toBe(first.line);
    expect(second.told.written).toBe(0);
    expect(second.stderr).toContain("nothing written, all there already");
  });

  it("takes a tag, a compression and its level", () => {
    const { folder, args } = fixture();
    const layout = path.join(folder, "layout");
    const metadata = path.join(folder, "metadata.json");
    const output = ["-o", `oci:${layout}:1.0`, "--compression", "zstd", "--compression-level", "1"];
    const { status } = runVarve([...args, ...output, "--metadata-file", metadata]);
    expect(status).toBe(0);
    expect(OciLayout.open(layout).names()).toEqual(["1.0"]);
    const told = JSON.parse(fs.readFileSync(metadata, "utf8")) as Metadata;
    expect(told.layers[0]?.mediaType).toContain("+zstd");
  });
});

describe("varve build -o oci-archive:FILE", () => {
  it("writes it anew each time, and leaves nothing beside it", async () => {
    const { folder, args } = fixture();
    const file = path.join(folder, "image.tar");
    for (const output of [`oci-archive:${file}`, `type=oci,dest=${file}`]) {
      const { status, stdout } = runVarve([...args, "-o", output]);
      expect(status).toBe(0);
      const archive = await openOciArchive(file);
      const digest = (await archive.readManifest("test:latest"))?.digest;
      archive.close();
      expect(stdout.toString()).toBe(`oci-archive:${file}@${digest}\n`);
    }
    expect(fs.readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });
});

it("tells of a folder of other things before anything is built", () => {
  const { folder, args } = fixture();
  const { status, stderr } = runVarve([...args, "-o", `oci:${folder}`]);
  expect(status).toBe(1);
  expect(stderr).toContain("holds other things than an OCI layout");
});

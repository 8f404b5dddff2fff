import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { rootPlacesOf } from "../../src/archives/root-links.ts";
import type { Layer } from "../../src/image/layer.ts";
import { tarLayer } from "../support/images.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

async function rootLinksOf(layers: readonly Layer[]): Promise<ReadonlyMap<string, string>> {
  return (await rootPlacesOf(layers)).links;
}

/** A layer that GNU tar has made of what the function lays down. */
function layerOf(lay: (at: (name: string) => string) => void): Layer {
  const root = path.join(temporaryFolder(), "root");
  fs.mkdirSync(root);
  lay((name) => path.join(root, name));
  return tarLayer(execFileSync("tar", ["-C", root, "-c", "--format=pax", "."]));
}

describe("the symlinks at the top of an image", () => {
  it("are those of a merged /usr, and no others", async () => {
    const layer = layerOf((at) => {
      fs.mkdirSync(at("usr/bin"), { recursive: true });
      fs.writeFileSync(at("usr/bin/x"), "x".repeat(100_000));
      fs.symlinkSync("x", at("usr/bin/y"));
      fs.symlinkSync("usr/bin", at("bin"));
      fs.symlinkSync("/usr/lib", at("lib"));
      fs.symlinkSync("target/".repeat(30), at("l".repeat(120)));
    });
    expect(await rootLinksOf([layer])).toEqual(
      new Map([
        ["bin", "usr/bin"],
        ["lib", "/usr/lib"],
        ["l".repeat(120), "target/".repeat(30)],
      ]),
    );
  });

  it("change with the layers above", async () => {
    const base = layerOf((at) => {
      for (const name of ["a", "b", "c", "d"]) fs.symlinkSync("usr", at(name));
    });
    const above = layerOf((at) => {
      fs.writeFileSync(at(".wh.a"), "");
      fs.mkdirSync(at("b"));
      fs.symlinkSync("opt", at("c"));
    });
    expect(await rootLinksOf([base, above])).toEqual(
      new Map([
        ["c", "opt"],
        ["d", "usr"],
      ]),
    );
    const opaque = layerOf((at) => {
      fs.writeFileSync(at(".wh..wh..opq"), "");
    });
    expect(await rootLinksOf([base, opaque])).toEqual(new Map());
  });

  it("are those one folder below the top, too", async () => {
    const base = layerOf((at) => {
      for (const name of ["a", "b/d", "c"]) fs.mkdirSync(at(name), { recursive: true });
      for (const name of ["a/x", "a/y", "b/x", "b/d/z", "c/x"]) fs.symlinkSync("..", at(name));
    });
    expect([...(await rootLinksOf([base])).keys()].toSorted()).toEqual([
      "a/x",
      "a/y",
      "b/x",
      "c/x",
    ]);
    const above = layerOf((at) => {
      for (const name of ["a", "c"]) fs.mkdirSync(at(name));
      fs.writeFileSync(at("a/.wh.x"), "");
      fs.writeFileSync(at("b"), "");
      fs.writeFileSync(at("c/.wh..wh..opq"), "");
    });
    expect([...(await rootLinksOf([base, above])).keys()]).toEqual(["a/y"]);
  });

  it("come with the folders there, those that only lead somewhere, too", async () => {
    const base = tarLayer(
      execFileSync("tar", ["-C", "/", "-c", "--transform=s,^.*$,bin/x/y,", "etc/hostname"]),
    );
    const above = layerOf((at) => {
      fs.mkdirSync(at("usr/lib/a/b"), { recursive: true });
      fs.symlinkSync("usr/lib", at("lib"));
    });
    const first = await rootPlacesOf([base, above]);
    expect([...first.folders].toSorted()).toEqual(["bin", "bin/x", "usr", "usr/lib"]);
    const top = layerOf((at) => {
      fs.writeFileSync(at(".wh.bin"), "");
      fs.symlinkSync("opt", at("usr"));
      fs.mkdirSync(at("lib"));
    });
    const { links, folders } = await rootPlacesOf([base, above, top]);
    expect([...folders]).toEqual(["lib"]);
    expect([...links]).toEqual([["usr", "opt"]]);
  });

  it("of a layer that is damaged are none", async () => {
    const tar = Buffer.alloc(2048, "x");
    expect((await failureOf(rootLinksOf([tarLayer(tar)]))).code).toBe("TAR_DAMAGED");
  });
});

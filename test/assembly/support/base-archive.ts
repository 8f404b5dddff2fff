import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";

export interface BaseArchive {
  /** The part of the config that says how it runs. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** How many layers, all empty; one if absent. */
  readonly layers?: number;
}

/** Writes a Docker archive as older `docker save` did, with GNU tar. */
export function writeArchiveOf(folder: string, { config = {}, layers = 1 }: BaseArchive): string {
  const layer = Buffer.alloc(10_240);
  const diffId = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
  const names = Array.from({ length: layers }, (_, index) => `${index}.tar`);
  for (const name of names) fs.writeFileSync(path.join(folder, name), layer);
  const image = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: names.map(() => diffId) },
  };
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(image));
  const manifest = [{ Config: "config.json", RepoTags: ["base:1"], Layers: names }];
  fs.writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest));
  const members = [...names, "config.json", "manifest.json"];
  execFileSync("tar", ["-C", folder, "-cf", path.join(folder, "base.tar"), ...members]);
  return path.join(folder, "base.tar");
}

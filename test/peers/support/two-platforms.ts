import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { writeConf } from "../../support/conf.ts";
import { runVarve } from "../../support/run-varve.ts";
import { createStorePaths } from "../../support/store-tree.ts";

const STORE = [
  "/nix/store/00000000000000000000000000000000-small",
  "/nix/store/11111111111111111111111111111111-large",
] as const;

/** Platforms of the images of {@link pushTwoPlatforms}. */
export const ARCHITECTURES = ["amd64", "arm64"] as const;

/** Runs varve, which must succeed. */
export function varveOk(...args: readonly string[]): { stdout: string; stderr: string } {
  const { status, stdout, stderr } = runVarve(args);
  if (status === 0) return { stdout: stdout.toString("utf8"), stderr };
  throw new Error(`varve ${args.join(" ")} ended with ${status}: ${stderr}`);
}

/**
 * Pushes an image of three layers for each platform: `HOST/team/amd64:1.0`, `HOST/team/arm64:1.0`.
 *
 * @param folder where the store is, and `image.tar`, the first as an archive
 */
export function pushTwoPlatforms(folder: string, host: string): void {
  createStorePaths(
    folder,
    STORE.map((at) => ({ path: at, entries: [{ path: "", type: "directory", mode: "0755" }] })),
  );
  fs.writeFileSync(path.join(folder, STORE[0], "hello"), "hello\n");
  fs.writeFileSync(path.join(folder, STORE[1], "noise"), randomBytes(3 << 20));
  for (const architecture of ARCHITECTURES) {
    const place = path.join(folder, architecture);
    fs.mkdirSync(place);
    const conf = writeConf(place, { store_layers: STORE.map((at) => [at]), architecture });
    const args = ["--conf", conf, "--store-root", folder];
    varveOk("push", ...args, "-t", `${host}/team/${architecture}:1.0`);
    if (architecture !== "amd64") continue;
    varveOk("build", ...args, "-o", path.join(folder, "image.tar"), "-t", "team/app:1.0");
  }
}

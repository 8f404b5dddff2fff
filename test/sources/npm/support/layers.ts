import * as crypto from "node:crypto";
import { contentKey } from "../../../../src/packing/content-key.ts";
import type { LayerSpec } from "../../../../src/packing/layer-spec.ts";
import { closureOfNpm } from "../../../../src/sources/npm/closure-of-npm.ts";
import type { NpmContents, NpmOptions } from "../../../../src/sources/npm/closure-of-npm.ts";
import { findLockfile, readLock } from "../../../../src/sources/npm/lockfile/read-lock.ts";
import { nodePlatform } from "../../../../src/sources/npm/platform.ts";
import { entriesOf, tarOf } from "../../../packing/support/layers.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

const COMMON = { uid: 0, gid: 0, uname: "root", gname: "root", mtime: 1 };

/**
 * The contents of a project for this machine's architecture, with empty caches, and without asking
 * anybody unless a test gives another environment.
 */
export async function contentsOf(
  folder: string,
  options: Partial<NpmOptions> = {},
): Promise<NpmContents> {
  return closureOfNpm(await readLock(findLockfile(folder)), folder, {
    platform: nodePlatform(process.arch === "arm64" ? "linux/arm64" : "linux/amd64"),
    cacheFolder: temporaryFolder(),
    env: {
      PATH: process.env["PATH"],
      npm_config_offline: "true",
      npm_config_cache: temporaryFolder(),
    },
    ...options,
  });
}

export function specOf(contents: NpmContents, id: string): LayerSpec {
  return { parents: [], common: COMMON, ...contents.contentOf(id) };
}

/** Every component's content key and the digest of the bytes that it stands for. */
export function layersOf(contents: NpmContents): Map<string, { key?: string; digest: string }> {
  return new Map(
    [...contents.closure].map(({ id }) => {
      const spec = specOf(contents, id);
      const key = contentKey(spec);
      const digest = crypto.hash("sha256", tarOf(spec));
      return [id, key === undefined ? { digest } : { key, digest }];
    }),
  );
}

/** Names in a component's layer, with modes: `755 app/x`. */
export function listing(contents: NpmContents, id: string): string[] {
  return entriesOf(tarOf(specOf(contents, id))).map(
    ({ name, mode, link }) => `${mode.toString(8)} ${name}${link === "" ? "" : ` -> ${link}`}`,
  );
}

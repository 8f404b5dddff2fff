import * as fs from "node:fs";
import type { StoreView } from "../../assembly/store-layers.ts";
import { narInfosOf } from "../../sources/nix/closure-of.ts";
import { NixStore } from "../../sources/nix/store.ts";
import type { StoreOptions } from "../../sources/nix/store.ts";

/**
 * Where a file is that may be named as Nix names it which builds into a store under a root:
 * `/nix/store/…`, although nothing is there.
 */
export function placeOf(file: string, storeRoot: string | undefined): string {
  return fs.existsSync(file) ? file : new NixStore({ storeRoot }).locate(file);
}

/** The store behind paths that are known by name only, as a conf or a plan lists them. */
export async function openStoreView(
  paths: readonly string[],
  options: StoreOptions,
): Promise<StoreView> {
  const store = new NixStore(options);
  const infos = await narInfosOf(store, paths);
  return {
    storeDir: store.storeDir,
    locate: store.locate,
    contentHashOf: (path) => infos.get(path)?.narHash,
  };
}

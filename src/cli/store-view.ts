import type { StoreView } from "../assembly/store-layers.ts";
import { narInfosOf } from "../sources/nix/closure-of.ts";
import { NixStore } from "../sources/nix/store.ts";
import type { StoreOptions } from "../sources/nix/store.ts";

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

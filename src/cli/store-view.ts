import type { StoreView } from "../assembly/store-layers.ts";
import { narInfosOf } from "../sources/nix/closure-of.ts";
import { NixStore } from "../sources/nix/store.ts";
import type { StoreOptions } from "../sources/nix/store.ts";

/** The store behind paths that are known by name only, as a conf or a plan lists them. */
export function openStoreView(paths: readonly string[], options: StoreOptions): StoreView {
  const store = new NixStore(options);
  const infos = narInfosOf(store, paths);
  return {
    storeDir: store.storeDir,
    locate: (path) => store.locate(path),
    contentHashOf: (path) => infos.get(path)?.narHash,
  };
}

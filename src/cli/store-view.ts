import path from "node:path";
import type { StoreView } from "../assembly/store-layers.ts";

export interface StoreOptions {
  readonly storeRoot?: string | undefined;
  readonly storeDir?: string;
}

export async function openStoreView(
  _paths: readonly string[],
  options: StoreOptions,
): Promise<StoreView> {
  const root = options.storeRoot;
  return {
    storeDir: options.storeDir ?? "/nix/store",
    locate: (storePath) => (root === undefined ? storePath : path.join(root, storePath)),
    contentHashOf: () => undefined,
  };
}

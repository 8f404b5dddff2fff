import type { Closure } from "../closure/closure.ts";
import type { Layer, LayerCodingResult } from "../image/layer.ts";
import type { PlannedLayer } from "../layering/plan.ts";
import { contentKey } from "../packing/content-key.ts";
import type { LayerSpec } from "../packing/layer-spec.ts";
import { PackedLayer } from "../packing/packed-layer.ts";
import type { Packer } from "../packing/packer.ts";
import { byteStringOf } from "../tar/byte-string.ts";
import type { TarCommon } from "../tar/entry.ts";
import type { LayerSource } from "./layer-source.ts";

/** Where a store's paths are and what they hold. */
export interface StoreView {
  /** The logical store folder: `/nix/store`. */
  readonly storeDir: string;
  /** Where a path of the store lies on this machine; other paths lie where they say. */
  readonly locate: (storePath: string) => string;
  /** The hash of a store path's content in SRI form, when it is known. */
  readonly contentHashOf: (storePath: string) => string | undefined;
}

/** What decides a store layer's bytes: the same rules as dockerTools' (wire format, section 3). */
function storeLayerSpec(paths: readonly string[], common: TarCommon, store: StoreView): LayerSpec {
  return {
    parents: parentsOf(store.storeDir).map(byteStringOf),
    trees: paths.map((path) => ({
      at: byteStringOf(path),
      from: byteStringOf(store.locate(path)),
    })),
    common,
  };
}

/** A planned layer of store paths, ready to be packed when somebody wants its bytes. */
export function storeLayer(
  planned: PlannedLayer,
  common: TarCommon,
  store: StoreView,
  packer: Packer,
  codings?: readonly LayerCodingResult[],
): Layer {
  const spec = storeLayerSpec(planned.paths, common, store);
  return new PackedLayer({
    packer,
    spec,
    contentKey: contentKey(spec, store.contentHashOf),
    paths: planned.paths,
    reason: planned.reason,
    codings,
  });
}

/** A closure of store paths as a source of layers. */
export function storeSource(closure: Closure, store: StoreView): LayerSource {
  return {
    closure,
    layer: (planned, common, packer) => storeLayer(planned, common, store, packer),
  };
}

/** `/nix/store` → `/nix`, `/nix/store`. */
export function parentsOf(folder: string): string[] {
  const parts = folder.split("/").filter((part) => part !== "");
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

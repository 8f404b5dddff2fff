import type { Closure } from "../closure/closure.ts";
import type { LayerSpec } from "../packing/layer-spec.ts";
import type { TarCommon } from "../tar/entry.ts";

/** What decides a layer's bytes, and the key under which its digest is remembered. */
export interface SourcedLayer {
  readonly spec: LayerSpec;
  readonly contentKey: string | undefined;
}

/**
 * What a source found: components, and how any of them become a layer. Layers are planned from
 * the closure alone; afterwards each planned layer is turned into a spec.
 */
export interface SourcedContents {
  readonly closure: Closure;
  /**
   * Ids of components that never share a layer, such as the application: they come above all
   * others, in this order.
   */
  readonly apart?: readonly string[];
  /**
   * @param ids components of the closure that share the layer
   * @param common owner and date of entries that have none of their own
   */
  specOf(ids: readonly string[], common: TarCommon): SourcedLayer;
}

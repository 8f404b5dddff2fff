import type { Closure } from "../closure/closure.ts";
import type { Layer } from "../image/layer.ts";
import type { PlannedLayer } from "../layering/plan.ts";
import { PackedLayer } from "../packing/packed-layer.ts";
import type { Packer } from "../packing/packer.ts";
import type { FolderLinks } from "../packing/follow-links.ts";
import type { SourcedContents } from "../sources/contents.ts";
import type { TarCommon } from "../tar/entry.ts";
import type { LinksBelow } from "./links-below.ts";

/** Components to be planned, and how a planned layer of them becomes one. */
export interface LayerSource {
  readonly closure: Closure;
  /** Ids of components that never share a layer: above all others, in this order. */
  readonly apart?: readonly string[] | undefined;
  /** Symlinks to folders that its layers make, as others must follow them. */
  readonly links?: FolderLinks | undefined;
  /**
   * @param common owner and date of entries that have none of their own
   * @param below what links there are in layers below
   */
  layer(
    planned: PlannedLayer,
    common: TarCommon,
    packer: Packer,
    below: LinksBelow,
  ): Layer | Promise<Layer>;
}

/** A source whose layers are packed from what lies on disk. */
export function packedSource(contents: SourcedContents): LayerSource {
  return {
    closure: contents.closure,
    apart: contents.apart,
    async layer({ paths, reason }, common, packer, below) {
      const { spec, contentKey } = await below.follow(contents.specOf(paths, common));
      return new PackedLayer({ packer, spec, contentKey, paths, reason });
    },
  };
}

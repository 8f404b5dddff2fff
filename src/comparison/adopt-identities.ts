import type { Image } from "../image/image.ts";
import { factsFrom } from "../image/layer-annotations.ts";

/**
 * Takes an image's word for layers that another is yet to be made of: a layer of the same content
 * key has the same digest, and need not be packed to learn it.
 */
export function adoptIdentities(known: Image, own: Image): void {
  const byKey = new Map(
    known.layers.flatMap(({ blob }) => {
      const facts = blob === undefined ? undefined : factsFrom(blob.descriptor);
      return facts?.contentKey === undefined ? [] : [[facts.contentKey, facts] as const];
    }),
  );
  for (const layer of own.layers) {
    if (layer.contentKey === undefined || layer.knownDiffId() !== undefined) continue;
    const facts = byKey.get(layer.contentKey);
    if (facts !== undefined) layer.adopt?.({ diffId: facts.diffId, size: facts.size });
  }
}

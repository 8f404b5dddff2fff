import { digestOf } from "../../image/digest.ts";
import type { Image } from "../../image/image.ts";
import { manifestWith } from "../../image/manifest.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import type { Reference } from "../../image/reference.ts";
import type { OciLayout } from "../../oci-layout/oci-layout.ts";
import { earlierInLayout } from "./earlier-in-layout.ts";
import { entryNames } from "./entry-names.ts";
import { layLayers } from "./lay-layers.ts";
import type { LayOptions } from "./lay-layers.ts";
import { LayoutRun } from "./layout-run.ts";
import type { LayoutDelivery } from "./layout-run.ts";

export interface LayoutOptions extends LayOptions {
  /** What the image is called there; empty for the tags of its references. */
  readonly version: string;
  /** Whether it gets no name, since it is part of an index that gets one. */
  readonly isPart?: boolean;
}

/**
 * Puts an image into an OCI layout, which gets only what it lacks: a layer that one of its images
 * has is not even packed. Names go last, so that none ever stands for an incomplete image.
 *
 * @throws VarveError, and whatever the layers throw
 */
export async function deliverToLayout(
  image: Image,
  references: readonly Reference[],
  layout: OciLayout,
  options: LayoutOptions,
): Promise<LayoutDelivery> {
  const names = options.isPart === true ? [] : entryNames(references, options.version);
  const run = new LayoutRun(image, references, options.report);
  const earlier = options.learn ? await earlierInLayout(layout, image) : [];
  const placed = await layLayers(image, layout, earlier, options, run);
  const config = await image.config();
  const manifest = manifestWith(
    config,
    placed.map(({ descriptor }) => descriptor),
    image.annotations,
  );
  const digest = digestOf(manifest);
  await layout.putBlob(config, run.onWritten);
  await layout.putBlob(manifest, run.onWritten);
  const descriptor = { mediaType: MEDIA_TYPE.manifest, digest, size: manifest.length };
  if (names.length > 0) await layout.setNames(descriptor, names);
  return run.finish(placed, {
    place: layout.fullName,
    names: names.map(({ name }) => name),
    digest,
    imageId: digestOf(config),
  });
}

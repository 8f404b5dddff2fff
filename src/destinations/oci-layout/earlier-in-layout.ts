import { VarveError } from "../../errors.ts";
import type { ContentSource } from "../../image/content-store.ts";
import type { Image } from "../../image/image.ts";
import { readEarlierImage } from "../layers/earlier-images.ts";
import type { EarlierImage } from "../layers/earlier-images.ts";

/** Images of a layout that are looked at: reading one takes a file or two. */
const MOST_IMAGES = 64;

/** What a layout's images say about their layers, the newest first. */
export async function earlierInLayout(
  layout: ContentSource & { entries(): ReadonlyArray<{ readonly digest: string }> },
  image: Image,
): Promise<EarlierImage[]> {
  const digests = new Set(layout.entries().map(({ digest }) => digest));
  const found: EarlierImage[] = [];
  for (const digest of [...digests].toReversed().slice(0, MOST_IMAGES)) {
    const earlier = await readEarlierImage(layout, digest, image).catch(teachesNothing);
    if (earlier !== undefined) found.push(earlier);
  }
  return found;
}

/** What is damaged is not used. */
function teachesNothing(error: unknown): undefined {
  if (error instanceof VarveError) return undefined;
  throw error;
}

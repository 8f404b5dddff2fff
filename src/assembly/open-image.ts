import type { Image } from "../image/image.ts";

/** An image, and how to let go of the files behind it. */
export interface OpenImage {
  readonly image: Image;
  readonly close: () => void;
}

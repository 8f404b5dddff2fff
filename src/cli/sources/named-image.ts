import type { Image } from "../../image/image.ts";
import type { Reference } from "../../image/reference.ts";

/** An image and its names, and how to let go of the files behind it. */
export interface NamedImage {
  readonly image: Image;
  readonly references: readonly Reference[];
  /** Files and folders that decide what is in it, absolute. */
  readonly places?: readonly string[];
  /** Whether scripts ran for it, which may have written into these. */
  readonly ranScripts?: boolean;
  readonly close: () => void;
}

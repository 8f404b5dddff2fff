import { UsageError } from "../../errors.ts";
import type { NamedImage } from "./named-image.ts";

/** @throws UsageError for an image without a name */
export function refuseNameless({ references }: NamedImage): void {
  if (references.length > 0) return;
  throw new UsageError("the image has no name to be loaded under", {
    hint: "give one: -t NAME:TAG",
  });
}

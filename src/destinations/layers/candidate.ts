import type { ContentSource } from "../../image/content-store.ts";
import type { Descriptor } from "../../image/descriptor.ts";

/** A blob that may hold a layer already. */
export interface Candidate {
  readonly diffId: string;
  /** Bytes, uncompressed. */
  readonly size: number;
  readonly codec: string | undefined;
  readonly blob: Descriptor;
  /** Whether the layer is this blob: its descriptor says all that there is to say. */
  readonly exists?: boolean;
  /** Where it was seen; undefined when it is only remembered. */
  readonly source: ContentSource | undefined;
}

import type { JsonObject } from "../image/ordered-json.ts";
import type { ArchivedLayer } from "./archived-layer.ts";

/** An image in a Docker archive, open for reading. Close it when its layers are no longer needed. */
export interface ArchivedImage {
  /** `name:tag`, as the archive lists them. */
  readonly repoTags: readonly string[];
  /** The config's own bytes. */
  readonly configBytes: Buffer;
  /** The config, its order and numbers kept. */
  readonly config: JsonObject;
  readonly layers: readonly ArchivedLayer[];
  close(): void;
}

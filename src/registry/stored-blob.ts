import { VarveError } from "../errors.ts";
import type { ContentSource } from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { RegistryError } from "./registry-error.ts";
import type { BlobSource } from "./upload.ts";

/** A blob that exists in another place, to be uploaded while it is read from there. */
export function blobOf(
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  source: ContentSource,
): BlobSource {
  return {
    known: { digest, size },
    open: () => withFinalErrors(source.openBlob({ digest, size })),
  };
}

/**
 * What a source of bytes complains of is not the complaint of the registry they go to, and has been
 * tried again as often as makes sense.
 */
async function* withFinalErrors(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { code, message, hint } = error;
    const told = hint === undefined ? {} : { hint };
    throw new VarveError(code, message, { cause: error, ...told });
  }
}

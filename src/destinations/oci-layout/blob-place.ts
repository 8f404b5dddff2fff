import type { BlobWay, ContentSource } from "../../image/content-store.ts";
import type { Descriptor } from "../../image/descriptor.ts";

/** A blob that was written, or found to be there when its digest was known. */
interface WrittenBlob {
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly present: boolean;
}

/** Where layers and configs are put: an OCI layout, or one that becomes an archive. */
export interface BlobPlace {
  /** Whether a blob is there in its full length. */
  hasWhole(blob: Pick<Descriptor, "digest" | "size">): boolean;
  takeBlob(
    blob: Pick<Descriptor, "digest" | "size">,
    from: ContentSource,
    onSent: (bytes: number) => void,
  ): Promise<BlobWay>;
  putBlob(bytes: Uint8Array, onSent: (bytes: number) => void): Promise<BlobWay>;
  writeBlob(
    chunks: AsyncIterable<Uint8Array>,
    onSent: (bytes: number) => void,
  ): Promise<WrittenBlob>;
  writeBlobTo(
    make: (fd: number) => Promise<{ digest: string; size: number }>,
  ): Promise<WrittenBlob>;
}

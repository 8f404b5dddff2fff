import type { ByteString } from "../tar/byte-string.ts";
import type { TarCommon } from "../tar/entry.ts";

/** A file, symlink or folder on disk that goes into a layer whole. */
interface Tree {
  /** Absolute path in the image, without a trailing `/`. */
  readonly at: ByteString;
  /** Where it is on disk. */
  readonly from: ByteString;
}

/**
 * Everything that decides the bytes of a layer's tar, as plain data that crosses to a worker.
 * The same spec over the same content always gives the same bytes.
 */
export interface LayerSpec {
  /** Directories that lead to the trees, outermost first: always mode 0755. */
  readonly parents: readonly ByteString[];
  /** In the order in which they are written. */
  readonly trees: readonly Tree[];
  /** Owner and date of every entry. */
  readonly common: TarCommon;
}

/** A layer's identity and length, known once its bytes have been made. */
export interface LayerDigest {
  /** `sha256:<hex>` of the uncompressed tar. */
  readonly diffId: string;
  /** Length of the uncompressed tar in bytes. */
  readonly size: number;
}

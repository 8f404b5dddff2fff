/** A layer's identity and length. */
export interface LayerIdentity {
  /** `sha256:<hex>` of the uncompressed tar. */
  readonly diffId: string;
  /** Length of the uncompressed tar in bytes. */
  readonly size: number;
  /** Whether both were known without making or reading the layer's bytes. */
  readonly remembered: boolean;
}

/**
 * A layer of an image: packed from a plan, taken from a base image, or ready in a file. All are
 * the same to whoever consumes them. Its bytes are made when they are asked for, always the same.
 */
export interface Layer {
  /** What is in it: component ids, or the name it had where it comes from. */
  readonly paths: readonly string[];
  /** Why these are together, for people. */
  readonly reason: string;
  /** Found once, then remembered. */
  identity(): Promise<LayerIdentity>;
  /** The uncompressed tar. */
  stream(): AsyncIterable<Uint8Array>;
  /** Writes the uncompressed tar to a file descriptor, for layers that can do so faster. */
  writeTo?(fd: number): Promise<void>;
}

import type { Descriptor } from "./descriptor.ts";

/** A manifest or an index as it is kept: its digest is that of its exact bytes. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

/** Where manifests and blobs can be had: a registry's repository, an OCI layout, an OCI archive. */
export interface ContentSource {
  /** For people: `registry.example/team/app`, `oci:./image`. */
  readonly fullName: string;
  /** Whether its blobs are files of this machine. */
  readonly isLocal?: boolean;
  /** The manifest or index of a tag or digest, checked; undefined when there is none. */
  readManifest(version: string): Promise<StoredManifest | undefined>;
  hasBlob(digest: string): Promise<boolean>;
  /** A small blob, its digest checked; undefined when it is not there. */
  readBlob(digest: string): Promise<Buffer | undefined>;
  /** A blob's bytes from their beginning; an error at the end if they are not those of its digest. */
  openBlob(blob: Pick<Descriptor, "digest" | "size">): AsyncIterable<Uint8Array>;
}

/** How a blob came to where it is wanted. */
export type BlobWay = "present" | "mounted" | "sent";

/** Where manifests and blobs can be put, too. */
export interface ContentStore extends ContentSource {
  /**
   * Takes a blob over from another place, unless it is here already.
   *
   * @param onSent told of bytes on their way
   */
  takeBlob(
    blob: Pick<Descriptor, "digest" | "size">,
    from: ContentSource,
    onSent?: (bytes: number) => void,
  ): Promise<BlobWay>;
  /** The name of another place from which blobs may come without their bytes, if it is such. */
  neighbourName?(other: ContentSource): string | undefined;
  /** Takes one over although this place says to have it, where such a word can prove wrong. */
  takeBlobAnew?(
    blob: Pick<Descriptor, "digest" | "size">,
    from: ContentSource,
    onSent?: (bytes: number) => void,
  ): Promise<void>;
  /** Keeps small bytes as a blob. */
  putBlob(bytes: Uint8Array, onSent?: (bytes: number) => void): Promise<BlobWay>;
  /** Puts a manifest or index, whose content is here, under a tag or its own digest. */
  putManifest(version: string, bytes: Buffer, mediaType: string): Promise<void>;
  /**
   * Puts one under a name as long as the name stands for what is expected, where the place can do
   * both in one step.
   *
   * @param expected digest; undefined for a name that is new
   * @returns whether it did
   */
  exchangeManifest?(
    version: string,
    bytes: Buffer,
    mediaType: string,
    expected: string | undefined,
  ): Promise<boolean>;
}

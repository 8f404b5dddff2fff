/** Media types of the OCI image-spec, media-types.md, and their older twins of Docker's. */
export const MEDIA_TYPE = {
  config: "application/vnd.oci.image.config.v1+json",
  index: "application/vnd.oci.image.index.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

const MANIFESTS: ReadonlySet<string> = new Set([MEDIA_TYPE.manifest, MEDIA_TYPE.dockerManifest]);
const INDEXES: ReadonlySet<string> = new Set([MEDIA_TYPE.index, MEDIA_TYPE.dockerIndex]);

/** Whether it is the manifest of one image or artifact: OCI's or Docker's. */
export function isManifestType(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}

/** Whether it is an index of manifests: OCI's, or Docker's manifest list. */
export function isIndexType(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/**
 * The media type of a manifest or index: as the place says that has it, if it knows such things,
 * else as the content says itself.
 *
 * @param told a `Content-Type`, or what a descriptor says
 */
export function manifestMediaType(bytes: Uint8Array, told: string | undefined): string {
  const type = told?.split(";", 1)[0]?.trim() ?? "";
  if (MANIFESTS.has(type) || INDEXES.has(type)) return type;
  try {
    const content: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof content !== "object" || content === null) return type;
    if ("mediaType" in content && typeof content.mediaType === "string") return content.mediaType;
    if ("manifests" in content) return MEDIA_TYPE.index;
    if ("layers" in content) return MEDIA_TYPE.manifest;
  } catch {
    // Whoever reads it says what is wrong with it.
  }
  return type;
}

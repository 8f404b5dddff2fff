import { digestOf } from "../../../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../../../src/image/media-types.ts";
import type { OciLayout } from "../../../../src/oci-layout/oci-layout.ts";

/** A descriptor as tests write it. */
export type Described = Readonly<Record<string, unknown>> & {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
};

/** Puts bytes into a layout, and describes them. */
export async function putBlob(
  layout: OciLayout,
  mediaType: string,
  content: string,
): Promise<Described> {
  const bytes = Buffer.from(content);
  await layout.putBlob(bytes);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Puts a manifest or index into a layout, under a name or none but its digest. */
export async function putManifest(
  layout: OciLayout,
  value: Readonly<Record<string, unknown>>,
  name?: string,
): Promise<Described> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...value }));
  const mediaType = typeof value["mediaType"] === "string" ? value["mediaType"] : "";
  const digest = digestOf(bytes);
  await layout.putManifest(name ?? digest, bytes, mediaType);
  return { mediaType, digest, size: bytes.length };
}

/** An image for a platform, its only layer named by a text. */
export async function putImage(
  layout: OciLayout,
  options: {
    readonly platform?: Readonly<Record<string, unknown>>;
    readonly layer: string;
    readonly name?: string;
    readonly docker?: boolean;
  },
): Promise<Described> {
  const { platform = { architecture: "amd64", os: "linux" }, docker = false } = options;
  const content = JSON.stringify({ ...platform, rootfs: { type: "layers", diff_ids: [] } });
  const layerType = docker ? MEDIA_TYPE.dockerLayerGzip : MEDIA_TYPE.layerGzip;
  return putManifest(
    layout,
    {
      mediaType: docker ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.manifest,
      config: await putBlob(layout, docker ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.config, content),
      layers: [await putBlob(layout, layerType, options.layer)],
    },
    options.name,
  );
}

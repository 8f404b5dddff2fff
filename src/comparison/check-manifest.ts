import * as v from "valibot";
import type { Descriptor } from "../image/descriptor.ts";
import { isIndexType, MEDIA_TYPE } from "../image/media-types.ts";
import { shortDigest } from "./finding.ts";
import type { Finding } from "./finding.ts";

const digestSchema = v.pipe(
  v.string(),
  v.regex(/^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/, "is not a digest"),
);

/** OCI image-spec, descriptor.md, "Properties". */
const descriptorSchema = v.looseObject({
  mediaType: v.pipe(v.string(), v.regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/, "is not a media type")),
  digest: digestSchema,
  size: v.pipe(v.number(), v.safeInteger("is not a number of bytes"), v.minValue(0)),
  urls: v.optional(v.array(v.string())),
  annotations: v.optional(v.record(v.string(), v.string())),
});

/** OCI image-spec, manifest.md; Docker's schema 2 differs in media types only. */
const manifestSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  config: descriptorSchema,
  layers: v.array(descriptorSchema),
  subject: v.optional(v.nullable(descriptorSchema)),
  annotations: v.optional(v.record(v.string(), v.string())),
});

const platformSchema = v.looseObject({
  os: v.string(),
  architecture: v.string(),
  variant: v.optional(v.string()),
});

/** OCI image-spec, image-index.md. */
const indexSchema = v.looseObject({
  schemaVersion: v.literal(2),
  mediaType: v.optional(v.string()),
  manifests: v.array(
    v.looseObject({ ...descriptorSchema.entries, platform: v.optional(platformSchema) }),
  ),
});

interface IndexEntry extends Descriptor {
  readonly platform: string | undefined;
}

/** A manifest or index that is well-formed. */
export type WellFormed =
  | { readonly kind: "manifest"; readonly config: Descriptor; readonly layers: readonly Blob[] }
  | { readonly kind: "index"; readonly manifests: readonly IndexEntry[] };

/** A layer's descriptor; a foreign one is to be had elsewhere. */
interface Blob extends Descriptor {
  readonly isForeign: boolean;
}

/**
 * Checks a manifest or index by the OCI image-spec.
 *
 * @param mediaType what the place that has it says that it is
 * @returns what it names; undefined when it is too wrong to be followed
 */
export function checkManifest(
  bytes: Buffer,
  mediaType: string,
  place: string,
  findings: Finding[],
): WellFormed | undefined {
  const find = (problem: string): void => {
    findings.push({ place, problem });
  };
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    find("is not JSON");
    return undefined;
  }
  const read = <Schema extends v.GenericSchema>(
    schema: Schema,
  ): v.InferOutput<Schema> | undefined => {
    const result = v.safeParse(schema, json);
    if (result.success) return result.output;
    for (const issue of result.issues) find(issueText(issue));
    return undefined;
  };
  const checkType = (own: string | undefined): void => {
    if (own !== undefined && own !== mediaType) {
      find(`says to be ${own}, but is served as ${mediaType}`);
    }
  };
  if (isIndexType(mediaType)) {
    const index = read(indexSchema);
    checkType(index?.mediaType);
    return index && { kind: "index", manifests: index.manifests.map(indexEntry) };
  }
  const content = read(manifestSchema);
  if (content === undefined) return undefined;
  checkType(content.mediaType);
  for (const { digest, mediaType: type } of content.layers) {
    if (!LAYER_TYPE.test(type))
      find(`the layer ${shortDigest(digest)} is of a strange type: ${type}`);
  }
  const { config, layers } = content;
  if (config.mediaType !== MEDIA_TYPE.config && config.mediaType !== MEDIA_TYPE.dockerConfig) {
    find(`is no image's: its config is of type ${config.mediaType}`);
    return undefined;
  }
  return { kind: "manifest", config: plain(config), layers: layers.map(layerBlob) };
}

const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:\.(?:gzip|zstd))?)$/;

type DescriptorInput = v.InferOutput<typeof descriptorSchema>;

function plain({ mediaType, digest, size, annotations }: DescriptorInput): Descriptor {
  const descriptor = { mediaType, digest, size };
  return annotations === undefined ? descriptor : { ...descriptor, annotations };
}

function layerBlob(input: DescriptorInput): Blob {
  return { ...plain(input), isForeign: /nondistributable|foreign/.test(input.mediaType) };
}

function indexEntry(
  input: DescriptorInput & { platform?: v.InferOutput<typeof platformSchema> | undefined },
): IndexEntry {
  const { platform } = input;
  const parts = platform && [platform.os, platform.architecture, platform.variant];
  return { ...plain(input), platform: parts?.filter((part) => part !== undefined).join("/") };
}

/** `layers.2.digest is not a digest`. */
export function issueText(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue) ?? "the whole";
  return issue.message.startsWith("is not")
    ? `${path} ${issue.message}`
    : `${path}: ${issue.message}`;
}

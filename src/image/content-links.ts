import * as v from "valibot";
import { messageOf, VarveError } from "../errors.ts";
import type { StoredManifest } from "./content-store.ts";
import { isDigest } from "./digest.ts";

/** Docker's foreign layers, and OCI's twins: content that stays at its own place. */
const FOREIGN = /(?:\.foreign\.|\.nondistributable\.)/;

const platformSchema = v.looseObject({
  os: v.optional(v.string(), ""),
  architecture: v.optional(v.string(), ""),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
  "os.features": v.optional(v.array(v.string())),
});

/** Keys that varve does not know are kept. */
const descriptorSchema = v.looseObject({
  mediaType: v.optional(v.string(), ""),
  digest: v.pipe(v.string(), v.check(isDigest, "it is not a sha256 digest")),
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  annotations: v.optional(v.record(v.string(), v.string())),
  platform: v.optional(v.nullable(platformSchema)),
  urls: v.optional(v.nullable(v.array(v.string()))),
  data: v.optional(v.string()),
  artifactType: v.optional(v.string()),
});

const list = v.optional(v.nullable(v.array(descriptorSchema)));

const contentSchema = v.looseObject({
  schemaVersion: v.optional(v.number()),
  artifactType: v.optional(v.string()),
  annotations: v.optional(v.nullable(v.record(v.string(), v.string()))),
  subject: v.optional(v.nullable(descriptorSchema)),
  config: v.optional(descriptorSchema),
  layers: list,
  /** Artifacts of before OCI 1.1 call their layers so. */
  blobs: list,
  manifests: list,
  /** Docker's manifests of before 2016. */
  fsLayers: v.optional(v.unknown()),
});

/** A descriptor with all that it says (OCI image-spec, descriptor.md). */
export type LinkedDescriptor = v.InferOutput<typeof descriptorSchema>;

/** What a manifest or an index leads to. */
export interface ContentLinks {
  readonly config: LinkedDescriptor | undefined;
  readonly layers: readonly LinkedDescriptor[];
  /** An index' own. */
  readonly manifests: readonly LinkedDescriptor[];
  readonly isIndex: boolean;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly subject: LinkedDescriptor | undefined;
}

/**
 * Reads what a manifest or an index of any kind leads to: images, artifacts, attestations.
 *
 * @param where names it in errors
 * @throws VarveError `MANIFEST_INVALID`, `MANIFEST_OUTDATED`
 */
export function contentLinks(manifest: Pick<StoredManifest, "bytes">, where: string): ContentLinks {
  let value: unknown;
  try {
    value = JSON.parse(manifest.bytes.toString("utf8"));
  } catch (error) {
    throw invalid(where, messageOf(error), error);
  }
  const parsed = v.safeParse(contentSchema, value);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(where, `${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  const { config, layers, blobs, manifests, artifactType, annotations, subject, ...rest } =
    parsed.output;
  if (rest.schemaVersion === 1 || rest.fsLayers !== undefined) {
    throw new VarveError("MANIFEST_OUTDATED", `${where} has a manifest of Docker's schema 1`, {
      hint: "docker pull and docker push with an engine of 2017 to 2024 make a newer one of it",
    });
  }
  return {
    config,
    layers: layers ?? blobs ?? [],
    manifests: manifests ?? [],
    isIndex: manifests !== undefined,
    artifactType,
    annotations: annotations ?? {},
    subject: subject ?? undefined,
  };
}

/** Whether a blob is not kept where its manifest is, but at its `urls`. */
export function isForeign({ mediaType, urls }: LinkedDescriptor): boolean {
  return FOREIGN.test(mediaType) && (urls ?? []).length > 0;
}

function invalid(where: string, why: string, cause?: unknown): VarveError {
  return new VarveError("MANIFEST_INVALID", `${where} has a manifest that makes no sense: ${why}`, {
    hint: "the image is damaged, or is of a kind that varve does not know",
    cause,
  });
}

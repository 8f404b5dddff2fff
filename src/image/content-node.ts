import { VarveError } from "../errors.ts";
import { contentLinks } from "./content-links.ts";
import type { ContentLinks } from "./content-links.ts";
import type { Descriptor } from "./descriptor.ts";
import type { ContentSource, StoredManifest } from "./content-store.ts";

/** A manifest or index, and what it leads to. */
export interface ContentNode {
  /** For people: `registry/name:tag`, `oci:folder@sha256:…`. */
  readonly name: string;
  readonly manifest: StoredManifest;
  readonly links: ContentLinks;
}

/**
 * Reads the manifest or index that is meant.
 *
 * @throws VarveError `IMAGE_UNKNOWN`, `MANIFEST_INVALID`, and what the place throws
 */
export async function readRoot(source: ContentSource, version: string): Promise<ContentNode> {
  const manifest = await source.readManifest(version);
  const name = nameIn(source, version);
  if (manifest === undefined) {
    throw new VarveError("IMAGE_UNKNOWN", `there is no image ${name}`, {
      hint: "check its name and tag; in a registry, also whether you are logged in",
    });
  }
  return { name, manifest, links: contentLinks(manifest, name) };
}

/**
 * Reads what an index lists.
 *
 * @throws VarveError `IMAGE_INCOMPLETE` when it is not there
 */
export async function childNode(
  source: ContentSource,
  { name }: ContentNode,
  { digest }: Pick<Descriptor, "digest">,
): Promise<ContentNode> {
  const manifest = await source.readManifest(digest);
  if (manifest === undefined) {
    throw new VarveError("IMAGE_INCOMPLETE", `${name} lists ${digest}, which is not there`, {
      hint: "push or copy the image there again",
    });
  }
  return { name, manifest, links: contentLinks(manifest, name) };
}

/** `registry/name:tag`, `registry/name@sha256:…`; a layout's only image is the layout. */
export function nameIn({ fullName }: ContentSource, version: string): string {
  if (version === "") return fullName;
  return `${fullName}${version.startsWith("sha256:") ? "@" : ":"}${version}`;
}

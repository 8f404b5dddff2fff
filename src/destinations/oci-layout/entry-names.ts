import { canonicalName, familiarName, parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { EntryNames } from "../../oci-layout/layout-index.ts";

/**
 * What an image is called in a layout: by its tags; by `name:tag` where two of its names have the
 * same tag.
 *
 * @param version what the user calls it there; empty for its own names
 */
export function entryNames(references: readonly Reference[], version: string): EntryNames[] {
  if (version !== "") return [{ name: version, fullName: fullNameOf(version, references[0]) }];
  return references.map((reference) => {
    const { tag } = reference;
    const isShared = references.some((other) => other !== reference && other.tag === tag);
    return {
      name: isShared ? familiarName(reference) : tag,
      fullName: canonicalName(reference),
    };
  });
}

/** `1.0` is a tag of the image's name, `team/app:1.0` is a name itself. */
function fullNameOf(version: string, reference: Reference | undefined): string | undefined {
  try {
    if (/[/:]/.test(version)) return canonicalName(parseReference(version));
    if (reference === undefined) return undefined;
    return canonicalName(parseReference(`${reference.repository}:${version}`));
  } catch {
    return undefined;
  }
}

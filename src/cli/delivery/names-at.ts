import { UsageError } from "../../errors.ts";
import { parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { Location } from "../../transports/location.ts";

/**
 * How an image is called in a place, so that it can be called so in an archive or engine, too;
 * undefined when it has no name of that kind there.
 *
 * @param repoTags the names that a Docker archive lists
 */
export function namesAt(
  location: Location,
  repoTags: readonly string[],
): readonly Reference[] | undefined {
  switch (location.kind) {
    case "registry":
      return onlyIf(nameWithoutDigest(location.name));
    case "docker-daemon":
      return onlyIf(nameWithoutDigest(location.name));
    default: {
      // A bare tag names no image.
      const isFull = /[/:]/.test(location.version) && !location.version.startsWith("sha256:");
      if (isFull) return onlyIf(location.version);
      return repoTags.length === 0 ? undefined : repoTags.map(parseReference);
    }
  }
}

/** `name:tag@sha256:…` → `name:tag`; nothing of a name that has a digest only. */
function nameWithoutDigest(text: string): string | undefined {
  const [name = "", digest] = text.split("@", 2);
  if (digest === undefined) return name;
  return name.includes(":", name.lastIndexOf("/") + 1) ? name : undefined;
}

function onlyIf(text: string | undefined): readonly Reference[] | undefined {
  if (text === undefined) return undefined;
  try {
    return [parseReference(text)];
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

import { canonicalName, parseReference } from "./reference.ts";

/** How podman calls an image that no registry is known of. */
const LOCAL = /^localhost\//;

/**
 * Whether two spellings name one image: `app`, `app:latest`, `docker.io/library/app:latest`, and
 * podman's `localhost/app:latest`. What is no image name is only the same as itself.
 */
export function isSameName(one: string, other: string): boolean {
  if (one === other) return true;
  const name = canonical(one);
  return name !== undefined && name === canonical(other);
}

function canonical(text: string): string | undefined {
  try {
    return canonicalName(parseReference(text.replace(LOCAL, "")));
  } catch {
    return undefined;
  }
}

import { contentLinks } from "../image/content-links.ts";
import type { ContentLinks } from "../image/content-links.ts";
import type { ContentSource } from "../image/content-store.ts";
import { isDigest } from "../image/digest.ts";

/** Digests of everything that manifests and indexes need, themselves included. */
export async function reachableFrom(
  source: ContentSource,
  roots: ReadonlyArray<{ readonly digest: string }>,
): Promise<Set<string>> {
  const reached = new Set<string>();
  const pending = roots.map(({ digest }) => digest);
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    if (reached.has(digest) || !isDigest(digest)) continue;
    reached.add(digest);
    const links = await linksOf(source, digest);
    for (const blob of [links?.config, ...(links?.layers ?? [])]) {
      if (blob !== undefined) reached.add(blob.digest);
    }
    for (const linked of [links?.subject, ...(links?.manifests ?? [])]) {
      if (linked !== undefined) pending.push(linked.digest);
    }
  }
  return reached;
}

/** What is missing or is no manifest leads nowhere: an index may name content of other places. */
async function linksOf(source: ContentSource, digest: string): Promise<ContentLinks | undefined> {
  const bytes = await source.readBlob(digest);
  if (bytes === undefined) return undefined;
  try {
    return contentLinks({ bytes }, digest);
  } catch {
    return undefined;
  }
}

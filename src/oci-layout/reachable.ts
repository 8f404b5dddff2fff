import * as v from "valibot";
import type { ContentSource } from "../image/content-store.ts";
import { isDigest } from "../image/digest.ts";

const linkSchema = v.object({ digest: v.string() });
const contentSchema = v.object({
  manifests: v.optional(v.array(linkSchema)),
  layers: v.optional(v.array(linkSchema)),
  config: v.optional(linkSchema),
});

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
    const { manifests = [], layers = [], config } = await contentOf(source, digest);
    for (const { digest: blob } of layers) reached.add(blob);
    if (config !== undefined) reached.add(config.digest);
    pending.push(...manifests.map((child) => child.digest));
  }
  return reached;
}

/** What is missing or no JSON leads nowhere: an index may name content of other places. */
async function contentOf(
  source: ContentSource,
  digest: string,
): Promise<v.InferOutput<typeof contentSchema>> {
  const bytes = await source.readBlob(digest);
  if (bytes === undefined) return {};
  const parsed = v.safeParse(contentSchema, parseJson(bytes));
  return parsed.success ? parsed.output : {};
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

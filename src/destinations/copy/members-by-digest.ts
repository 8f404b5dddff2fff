import { readRoot } from "../../image/content-node.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { membersOf, refuseTwins } from "./join-index.ts";
import type { IndexMember } from "./join-index.ts";

/**
 * Images that are at a place already, as members of an index.
 *
 * @param digests of their manifests
 * @throws VarveError `PLATFORM_TWICE`
 */
export async function membersByDigest(
  source: ContentSource,
  digests: readonly string[],
): Promise<IndexMember[]> {
  const members: IndexMember[] = [];
  for (const digest of digests) {
    const from = `${source.fullName}@${digest}`;
    members.push(...(await membersOf(source, await readRoot(source, digest), from)));
  }
  refuseTwins(members);
  return members;
}

import type { ContentSource, ContentStore } from "../../image/content-store.ts";
import type { ReportProgress } from "../../progress/events.ts";
import { fallbackTagOf, listReferrers, putReferrer } from "../../registry/referrers.ts";
import { Repository } from "../../registry/repository.ts";
import { readRoot } from "../../image/content-node.ts";
import { copyFrom } from "./copy-content.ts";
import type { CopiedContent } from "./copy-run.ts";

/** Tags that cosign gives to what it attaches where there are no referrers. */
const COSIGN_ENDINGS = ["sig", "att", "sbom"];

/**
 * Copies what refers to copied manifests, and what refers to that: signatures, lists of packages,
 * attestations, by the referrers API or its fallback, and by cosign's tags.
 *
 * @returns their digests; none where one of both places is no registry, which keep such lists alone
 */
export async function copyReferrers(
  source: ContentSource,
  copied: CopiedContent,
  store: ContentStore,
  report: ReportProgress,
): Promise<string[]> {
  if (!(source instanceof Repository) || !(store instanceof Repository)) {
    const message = "what refers to the image is only copied from registry to registry";
    report({ kind: "note", message });
    return [];
  }
  const done = new Set(copied.manifests.map(({ digest }) => digest));
  const referrers: string[] = [];
  const pending = [...done];
  for (let subject = pending.pop(); subject !== undefined; subject = pending.pop()) {
    for (const { digest } of await listReferrers(source, subject)) {
      if (done.has(digest)) continue;
      const root = await readRoot(source, digest);
      await copyFrom(source, root, store, { versions: [], report });
      await putReferrer(store, root.manifest.bytes);
      done.add(digest);
      referrers.push(digest);
      pending.push(digest);
    }
    referrers.push(...(await copyTagged(source, subject, store, report)));
  }
  return referrers;
}

async function copyTagged(
  source: Repository,
  subject: string,
  store: Repository,
  report: ReportProgress,
): Promise<string[]> {
  const copied: string[] = [];
  for (const ending of COSIGN_ENDINGS) {
    const tag = `${fallbackTagOf(subject)}.${ending}`;
    if ((await source.readManifest(tag)) === undefined) continue;
    const root = await readRoot(source, tag);
    await copyFrom(source, root, store, { versions: [tag], report });
    copied.push(root.manifest.digest);
  }
  return copied;
}

import { membersByDigest } from "../../destinations/copy/members-by-digest.ts";
import { putIndex } from "../../destinations/copy/put-index.ts";
import type { Pushed } from "../../destinations/registry/push-run.ts";
import { familiarName, remoteOf } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { ConnectionFlags } from "../flags.ts";
import type { Session } from "../session.ts";
import { withPlaces } from "./places.ts";

/** An image of one platform that was pushed, and the names that its index gets. */
export interface PushedImage {
  readonly pushed: Pushed;
  readonly references: readonly Reference[];
}

/** An index that was pushed, and its images. */
export interface PushedIndex {
  readonly references: readonly string[];
  /** `registry/name@sha256:…`, one a repository; empty in a dry run. */
  readonly digests: readonly string[];
  readonly images: readonly Pushed[];
}

/** Joins images that were pushed without a name into an index, which gets the names. */
export async function pushIndex(
  parts: readonly PushedImage[],
  flags: ConnectionFlags & { readonly dryRun: boolean },
  session: Session,
): Promise<PushedIndex> {
  const images = parts.map(({ pushed }) => pushed);
  const [first] = parts;
  const named = { references: first!.pushed.references, images };
  if (flags.dryRun) return { ...named, digests: [] };
  const byRepository = Map.groupBy(first!.references.map(remoteOf), ({ registry, path }) =>
    JSON.stringify([registry, path]),
  );
  return withPlaces(flags, session, async (places) => {
    const digests: string[] = [];
    for (const references of byRepository.values()) {
      const { store, byDigest } = await places.store({
        kind: "registry",
        reference: references[0]!,
        name: familiarName(first!.references[0]!),
      });
      const own = images.flatMap((image) =>
        image.digests.filter((digest) => digest.startsWith(`${store.fullName}@`)),
      );
      const members = await membersByDigest(
        store,
        own.map((name) => name.slice(store.fullName.length + 1)),
      );
      const [put] = await putIndex(members, store, {
        versions: [...new Set(references.map(({ version }) => version))],
        update: false,
        remove: [],
        annotations: {},
        dryRun: false,
        report: session.report,
      });
      digests.push(byDigest(put!.digest));
    }
    return { ...named, digests };
  });
}

import { VarveError } from "../errors.ts";
import { contentLinks } from "../image/content-links.ts";
import type { ContentLinks, LinkedDescriptor } from "../image/content-links.ts";
import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import { firstForPlatform, hostPlatform, platformText } from "../image/platform.ts";
import type { Platform } from "../image/platform.ts";

/** The manifest of one image, and what it leads to. */
export interface ChosenManifest {
  readonly manifest: StoredManifest;
  readonly links: ContentLinks;
}

/** Indexes inside of indexes are followed so far. */
const MOST_DEPTH = 4;
/** Marks attestations, which BuildKit lists beside the images (reference: supply-chain). */
const COMPANION = "vnd.docker.reference.type";

/**
 * The manifest of an image: the one that is named, or of an index the one for a platform.
 *
 * @param platform this machine's processor with Linux, if none is wanted
 * @throws VarveError `IMAGE_UNKNOWN`, `PLATFORM_ABSENT`, `IMAGE_INCOMPLETE`, `MANIFEST_INVALID`
 */
export async function chooseManifest(
  source: ContentSource,
  version: string,
  platform: Platform = hostPlatform(),
): Promise<ChosenManifest> {
  const where = nameIn(source, version);
  const manifest = await source.readManifest(version);
  if (manifest === undefined) {
    throw new VarveError("IMAGE_UNKNOWN", `there is no image ${where}`, {
      hint: "check its name and tag, and whether you are logged in",
    });
  }
  return follow(source, manifest, where, platform, MOST_DEPTH);
}

async function follow(
  source: ContentSource,
  manifest: StoredManifest,
  where: string,
  platform: Platform,
  depth: number,
): Promise<ChosenManifest> {
  const links = contentLinks(manifest, where);
  if (!links.isIndex) return { manifest, links };
  const images = links.manifests.filter(
    ({ annotations, artifactType }) =>
      artifactType === undefined && annotations?.[COMPANION] === undefined,
  );
  const chosen =
    firstForPlatform(images, platform, platformOf) ?? onlyUnknown(images.filter(isOfNoPlatform));
  if (chosen === undefined || depth === 0) throw absent(where, platform, images);
  const inside = await source.readManifest(chosen.digest);
  if (inside === undefined) {
    throw new VarveError(
      "IMAGE_INCOMPLETE",
      `${where} lists ${chosen.digest}, which is not there`,
      {
        hint: "push or copy the image there again",
      },
    );
  }
  return follow(source, inside, where, platform, depth - 1);
}

function platformOf({ platform }: LinkedDescriptor): Platform | undefined {
  return platform ?? undefined;
}

function isOfNoPlatform({ platform }: LinkedDescriptor): boolean {
  return platform === undefined || platform === null || platform.os === "";
}

/** What says nothing of its platform is taken if there is no choice; its config says more. */
function onlyUnknown(images: readonly LinkedDescriptor[]): LinkedDescriptor | undefined {
  return images.length === 1 ? images[0] : undefined;
}

function absent(
  where: string,
  platform: Platform,
  images: readonly LinkedDescriptor[],
): VarveError {
  const known = images.flatMap((image) =>
    isOfNoPlatform(image) || image.platform?.os === "unknown" ? [] : platformText(image.platform!),
  );
  const names = [...new Set(known)].join(", ");
  return new VarveError("PLATFORM_ABSENT", `${where} has no image for ${platformText(platform)}`, {
    hint: names === "" ? "it names no platforms" : `choose with --platform; it has ${names}`,
  });
}

/** `registry/name:tag`, `registry/name@sha256:…`; a layout's only image is the layout. */
export function nameIn({ fullName }: ContentSource, version: string): string {
  if (version === "") return fullName;
  return `${fullName}${version.startsWith("sha256:") ? "@" : ":"}${version}`;
}

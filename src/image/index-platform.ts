import type { Platform } from "./platform.ts";

/** A platform with all that an index may say of it (OCI image-spec, image-index.md, `platform`). */
export interface IndexPlatform extends Platform {
  readonly "os.version"?: string | undefined;
  readonly "os.features"?: readonly string[] | undefined;
}

/** What an architecture is when it names no variant, as containerd normalizes. */
const USUAL_VARIANTS: Readonly<Record<string, string>> = { arm64: "v8", arm: "v7", amd64: "v1" };

/** `linux/arm64/v8`, with the system's version where it is named: `windows(10.0.1)/amd64`. */
export function indexPlatformText(platform: IndexPlatform): string {
  const { os, architecture, variant = "" } = platform;
  const version = platform["os.version"] ?? "";
  const parts = [version === "" ? os : `${os}(${version})`, architecture, variant];
  return parts.filter((part) => part !== "").join("/");
}

/** Whether two have the same place in an index: the system's version and features count, too. */
export function isSamePlace(one: IndexPlatform, other: IndexPlatform): boolean {
  const versions = [one, other].map((each) => each["os.version"] ?? "");
  const features = [one, other].map((each) => JSON.stringify(each["os.features"] ?? []));
  return (
    isSameKind(one, other) &&
    variantOf(one) === variantOf(other) &&
    versions[0] === versions[1] &&
    features[0] === features[1]
  );
}

/**
 * The first of some that runs on a platform. Where no variant is wanted the usual one comes before
 * any other.
 */
export function choosePlatform<Item>(
  items: readonly Item[],
  wanted: Platform,
  platformOf: (item: Item) => IndexPlatform | undefined,
): Item | undefined {
  const fitting = items.filter((item) => {
    const own = platformOf(item);
    return own !== undefined && isSameKind(own, wanted);
  });
  const exact = fitting.find((item) => variantOf(platformOf(item)!) === variantOf(wanted));
  return exact ?? ((wanted.variant ?? "") === "" ? fitting[0] : undefined);
}

function isSameKind(one: Platform, other: Platform): boolean {
  return one.os === other.os && one.architecture === other.architecture;
}

function variantOf({ architecture, variant }: Platform): string {
  return variant === undefined || variant === "" ? (USUAL_VARIANTS[architecture] ?? "") : variant;
}

import { variantOf } from "./platform.ts";
import type { Platform } from "./platform.ts";

/** A platform with all that an index may say of it (OCI image-spec, image-index.md, `platform`). */
export interface IndexPlatform extends Platform {
  readonly "os.version"?: string | undefined;
  readonly "os.features"?: readonly string[] | undefined;
}

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
    one.os === other.os &&
    one.architecture === other.architecture &&
    variantOf(one) === variantOf(other) &&
    versions[0] === versions[1] &&
    features[0] === features[1]
  );
}

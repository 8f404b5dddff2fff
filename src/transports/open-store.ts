import type { ContentStore } from "../image/content-store.ts";
import { OciLayout } from "../oci-layout/oci-layout.ts";
import type { Registries } from "../registry/registries.ts";
import type { Location } from "./location.ts";

/** A place that keeps manifests and blobs. */
export type StoreLocation = Extract<Location, { kind: "registry" | "oci-layout" }>;

/** A place that images can be put to, and what an image is to be called there. */
export interface OpenStore {
  readonly store: ContentStore;
  /** A tag; a digest, or empty in a layout, for none. */
  readonly version: string;
  /** `registry/name@sha256:…`, `oci:DIR@sha256:…`: how what has this digest is named there. */
  readonly byDigest: (digest: string) => string;
}

export function isStoreLocation(location: Location): location is StoreLocation {
  return location.kind === "registry" || location.kind === "oci-layout";
}

/**
 * Opens a place to put images to. A folder becomes an OCI layout.
 *
 * @param registries which the caller closes
 * @throws RegistryError, VarveError
 */
export async function openStore(
  location: StoreLocation,
  registries: Registries,
): Promise<OpenStore> {
  if (location.kind === "oci-layout") return openLayout(location);
  const { reference } = location;
  const store = await registries.repository(reference, true);
  return { store, version: reference.version, byDigest: (digest) => `${store.fullName}@${digest}` };
}

/** The same of a layout alone. */
export function openLayout(
  location: Extract<StoreLocation, { kind: "oci-layout" }>,
): OpenStore & { readonly store: OciLayout } {
  const store = OciLayout.create(location.folder);
  return { store, version: location.version, byDigest: (digest) => `${store.fullName}@${digest}` };
}

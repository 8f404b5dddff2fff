import type { ArchivedImage } from "../archives/archived-image.ts";
import type { EndpointOptions } from "../engine/endpoint.ts";
import type { ContentSource } from "../image/content-store.ts";
import type { OciArchive } from "../oci-layout/oci-archive.ts";
import type { Registries, RegistriesOptions } from "../registry/registries.ts";
import { shownLocation } from "./location.ts";
import type { Location } from "./location.ts";

export interface OpenLocationOptions {
  /** Registries that the caller has open, and closes. */
  readonly registries?: Registries | undefined;
  /** How registries are reached, unless some are open. */
  readonly registry?: RegistriesOptions | undefined;
  /** Which Docker engine `docker-daemon:` means. */
  readonly engine?: EndpointOptions | undefined;
}

/** A place that has manifests and blobs, and which image in it is meant. */
export interface OpenContent {
  readonly kind: "content";
  readonly source: ContentSource;
  /** For `readManifest`: a tag or digest; in a layout, empty for its only image. */
  readonly version: string;
  /** For people: the location as it can be given again. */
  readonly name: string;
  /** Lets go of connections and files. */
  readonly close: () => void;
}

/** An image in a Docker archive, which has no manifest and no blobs. */
export interface OpenArchivedImage {
  readonly kind: "archived";
  readonly archived: ArchivedImage;
  readonly name: string;
  readonly close: () => void;
}

const FOREIGN_HINT =
  "give an image archive: of docker save, podman, skopeo, buildx, dockerTools or varve";

/**
 * Opens the place where an image is. Nothing is read yet of an image in a registry or a layout: it
 * need not even be there. Only what knows that kind of place is loaded.
 *
 * @throws RegistryError, VarveError
 */
export async function openLocation(
  location: Location,
  options: OpenLocationOptions = {},
): Promise<OpenContent | OpenArchivedImage> {
  const name = shownLocation(location);
  switch (location.kind) {
    case "registry":
      return { ...(await fromRegistry(location, options)), name };
    case "oci-layout": {
      const { OciLayout } = await import("../oci-layout/oci-layout.ts");
      const source = OciLayout.open(location.folder);
      return { kind: "content", source, version: location.version, name, close: () => undefined };
    }
    case "oci-archive": {
      const { openOciArchive } = await import("../oci-layout/oci-archive.ts");
      return content(await openOciArchive(location.file), location.version, name);
    }
    case "docker-archive": {
      const { openDockerArchive } = await import("../archives/read-archive.ts");
      return archived(await openDockerArchive(location.file, location.version), name);
    }
    case "any-archive":
      return fromArchive(location.file, location.version, name);
    case "docker-daemon":
      return archived(await fromEngine(location.name, name, options.engine), name);
  }
}

async function fromRegistry(
  { reference }: Extract<Location, { kind: "registry" }>,
  options: OpenLocationOptions,
): Promise<Omit<OpenContent, "name">> {
  const { version } = reference;
  if (options.registries !== undefined) {
    const source = await options.registries.source(reference);
    return { kind: "content", source, version, close: () => undefined };
  }
  const { Registries } = await import("../registry/registries.ts");
  const registries = new Registries(options.registry);
  const close = (): void => {
    registries.close();
  };
  try {
    return { kind: "content", source: await registries.source(reference), version, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** An archive that is both is read as an OCI layout, which says more if it says anything. */
async function fromArchive(
  file: string,
  version: string,
  name: string,
): Promise<OpenContent | OpenArchivedImage> {
  const { openSeekable } = await import("../archives/seekable.ts");
  const { ArchiveMembers } = await import("../archives/archive-members.ts");
  const source = await openSeekable(file);
  let members;
  try {
    members = new ArchiveMembers(file, source, FOREIGN_HINT);
  } catch (error) {
    source.close();
    throw error;
  }
  if (members.has("index.json")) {
    const { OciArchive } = await import("../oci-layout/oci-archive.ts");
    const archive = OciArchive.in(members);
    if (!(await isHollow(archive, version))) return content(archive, version, name);
  }
  const { readDockerArchive } = await import("../archives/read-archive.ts");
  return archived(await readDockerArchive(file, source, version), name);
}

async function isHollow(archive: OciArchive, version: string): Promise<boolean> {
  try {
    return await archive.isHollow(version);
  } catch (error) {
    archive.close();
    throw error;
  }
}

function content(source: OciArchive, version: string, name: string): OpenContent {
  return { kind: "content", source, version, name, close: () => source.close() };
}

function archived(image: ArchivedImage, name: string): OpenArchivedImage {
  return { kind: "archived", archived: image, name, close: () => image.close() };
}

/** An engine gives an image out as a stream only: it is kept in a temporary file. */
async function fromEngine(
  reference: string,
  name: string,
  options: EndpointOptions | undefined,
): Promise<ArchivedImage> {
  const { connectEngine } = await import("../engine/client.ts");
  const { readDockerArchive } = await import("../archives/read-archive.ts");
  const { seekableStream } = await import("../archives/seekable.ts");
  const engine = await connectEngine(options);
  try {
    return await readDockerArchive(name, await seekableStream(engine.saveImage(reference)));
  } finally {
    engine.close();
  }
}

import { openDockerArchive, readDockerArchive } from "../archives/read-archive.ts";
import type { ArchivedImage } from "../archives/read-archive.ts";
import { seekableStream } from "../archives/seekable.ts";
import { connectEngine } from "../engine/client.ts";
import type { EndpointOptions } from "../engine/endpoint.ts";
import type { ContentSource } from "../image/content-store.ts";
import { RegistryClient } from "../registry/client.ts";
import type { RegistryOptions } from "../registry/client.ts";
import { Repository } from "../registry/repository.ts";
import { shownLocation } from "./location.ts";
import type { Location } from "./location.ts";

export interface OpenLocationOptions {
  readonly registry?: RegistryOptions | undefined;
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

/**
 * Opens the place where an image is. Nothing is read yet of an image in a registry or a layout: it
 * need not even be there.
 *
 * @throws RegistryError, VarveError
 */
export async function openLocation(
  location: Location,
  options: OpenLocationOptions = {},
): Promise<OpenContent | OpenArchivedImage> {
  const name = shownLocation(location);
  switch (location.kind) {
    case "registry": {
      const { registry, path, version } = location.reference;
      const client = await RegistryClient.connect(registry, options.registry);
      const source = new Repository(client, path, false);
      return { kind: "content", source, version, name, close: () => client.close() };
    }
    case "docker-archive":
    case "any-archive":
      return archived(await openDockerArchive(location.file, location.version), name);
    case "docker-daemon":
      return archived(await fromEngine(location.name, name, options.engine), name);
    case "oci-layout":
    case "oci-archive":
      throw new Error("not yet");
  }
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
  const engine = await connectEngine(options);
  try {
    return readDockerArchive(name, await seekableStream(engine.saveImage(reference)));
  } finally {
    engine.close();
  }
}

import type {
  BlobWay,
  ContentSource,
  ContentStore,
  StoredManifest,
} from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { digestOf } from "../image/digest.ts";
import { MEDIA_TYPE, manifestMediaType } from "../image/media-types.ts";
import type { Access } from "./authorizer.ts";
import type { RegistryClient } from "./client.ts";
import { downloadBlob } from "./download.ts";
import { MirroredSource } from "./mirrored-source.ts";
import type { RepositoryPlace } from "./mirrored-source.ts";
import { mountBlob } from "./mount.ts";
import { RegistryError } from "./registry-error.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { shownUrl } from "./redact.ts";
import { blobOf } from "./stored-blob.ts";
import { uploadBlob, uploadBytes } from "./upload.ts";

/** Manifests and indexes, OCI's and Docker's. */
const ACCEPT = [
  MEDIA_TYPE.manifest,
  MEDIA_TYPE.index,
  MEDIA_TYPE.dockerManifest,
  MEDIA_TYPE.dockerIndex,
].join(", ");

/** One repository of a registry: its manifests and blobs (OCI distribution-spec). */
export class Repository implements ContentStore, RepositoryClient {
  readonly client: RegistryClient;
  readonly name: string;
  readonly #pull: Access;
  readonly #push: Access;

  /** `registry/name`, as people know it. */
  readonly fullName: string;

  /**
   * @param pushing whether one comes to push: then one token does for everything
   * @param fullName where the name that people know is another one
   */
  constructor(client: RegistryClient, name: string, pushing: boolean, fullName?: string) {
    this.client = client;
    this.name = name;
    this.fullName = fullName ?? `${client.registry}/${name}`;
    this.#push = { repository: name, scopes: [`repository:${name}:pull,push`] };
    this.#pull = pushing ? this.#push : { repository: name, scopes: [`repository:${name}:pull`] };
  }

  /** The access that pushing takes; with `from`, also what mounting from there takes. */
  pushAccess(from?: string): Access {
    const { repository, scopes } = this.#push;
    return from === undefined || from === repository
      ? this.#push
      : { repository, scopes: [...scopes, `repository:${from}:pull`] };
  }

  /** The access that reading takes. */
  pullAccess(): Access {
    return this.#pull;
  }

  at(rest: string): string {
    return `${this.name}/${rest}`;
  }

  /** Whether a blob is there. */
  async hasBlob(digest: string): Promise<boolean> {
    const { status } = await this.client.request({
      method: "HEAD",
      at: this.at(`blobs/${digest}`),
      access: this.#pull,
      expect: [200, 404],
    });
    return status === 200;
  }

  /** A small blob, its digest checked; undefined when it is not there. */
  async readBlob(digest: string): Promise<Buffer | undefined> {
    const { status, bytes, url } = await this.client.request({
      method: "GET",
      at: this.at(`blobs/${digest}`),
      access: this.#pull,
      expect: [200, 404],
    });
    if (status === 404) return undefined;
    if (digestOf(bytes) !== digest) throw wrongDigest("GET", url, digestOf(bytes));
    return bytes;
  }

  /** The manifest of a tag or digest, checked; undefined when there is none. */
  async readManifest(version: string): Promise<StoredManifest | undefined> {
    const { status, bytes, headers, url } = await this.client.request({
      method: "GET",
      at: this.at(`manifests/${version}`),
      access: this.#pull,
      headers: { accept: ACCEPT },
      expect: [200, 404],
    });
    if (status === 404) return undefined;
    const digest = digestOf(bytes);
    if (version.includes(":") && version !== digest) throw wrongDigest("GET", url, digest);
    return { mediaType: manifestMediaType(bytes, headers["content-type"]), digest, bytes };
  }

  /** A blob's bytes; a broken connection is taken up again where it broke. */
  openBlob(blob: Pick<Descriptor, "digest" | "size">): AsyncIterable<Uint8Array> {
    return downloadBlob(this, blob, this.#pull);
  }

  /**
   * Takes a blob over: from a repository of the same registry without its bytes if the registry
   * does so, else as a stream, without keeping it on the way.
   */
  async takeBlob(
    blob: Pick<Descriptor, "digest" | "size">,
    from: ContentSource,
    onSent?: (bytes: number) => void,
  ): Promise<BlobWay> {
    if (await this.hasBlob(blob.digest)) return "present";
    const neighbour = this.neighbourName(from);
    if (neighbour !== undefined && (await mountBlob(this, blob.digest, neighbour))) {
      return "mounted";
    }
    await uploadBlob(this, blobOf(blob, from), { onSent });
    return "sent";
  }

  /** Sends a blob without asking whether it is there. */
  async takeBlobAnew(
    blob: Pick<Descriptor, "digest" | "size">,
    from: ContentSource,
    onSent?: (bytes: number) => void,
  ): Promise<void> {
    await uploadBlob(this, blobOf(blob, from), { onSent, ask: false });
  }

  /**
   * The name of another place, if it is a repository of the same registry, from which blobs can be
   * mounted; also when it is read through mirrors.
   */
  neighbourName(other: ContentSource): string | undefined {
    const place = other instanceof MirroredSource ? other.origin : placeOf(other);
    const isNeighbour = place?.registry === this.client.registry && place.name !== this.name;
    return isNeighbour ? place.name : undefined;
  }

  async putBlob(bytes: Uint8Array, onSent?: (bytes: number) => void): Promise<BlobWay> {
    const { present } = await uploadBytes(this, bytes, { onSent });
    return present ? "present" : "sent";
  }

  /**
   * Puts a manifest under a tag or its digest. The registry must keep its exact bytes, and says
   * so by their digest.
   */
  async putManifest(version: string, bytes: Buffer, mediaType: string): Promise<void> {
    await this.pushManifest(version, bytes, mediaType);
  }

  /** @returns the subject that the registry says to keep account of: see `putReferrer` */
  async pushManifest(
    version: string,
    bytes: Buffer,
    mediaType: string,
  ): Promise<{ readonly subject: string | undefined }> {
    const digest = digestOf(bytes);
    const { status, headers, url } = await this.client.request({
      method: "PUT",
      at: this.at(`manifests/${version}`),
      access: this.#push,
      headers: { "content-type": mediaType, "content-length": String(bytes.length) },
      body: bytes,
      expect: [200, 201, 202, 204],
    });
    const told = headers["docker-content-digest"];
    const kept =
      status === 201 && typeof told === "string" && told !== ""
        ? told
        : (await this.readManifest(version))?.digest;
    if (kept !== digest) throw wrongDigest("PUT", url, kept ?? "none");
    return { subject: [headers["oci-subject"] ?? []].flat()[0] };
  }
}

function placeOf(source: ContentSource): RepositoryPlace | undefined {
  if (!(source instanceof Repository)) return undefined;
  return { registry: source.client.registry, name: source.name };
}

function wrongDigest(method: string, url: URL, digest: string): RegistryError {
  return new RegistryError(
    "REGISTRY_DIGEST",
    `${method} ${shownUrl(url)}: the registry has other bytes, of digest ${digest}`,
    { temporary: false, hint: "something between here and the registry changes what is sent" },
  );
}

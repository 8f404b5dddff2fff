import { VarveError } from "../errors.ts";
import { ArchiveMembers } from "../archives/archive-members.ts";
import { verifiedBytes } from "../archives/verified-bytes.ts";
import { contentLinks } from "../image/content-links.ts";
import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { digestOf, hexOf, isDigest } from "../image/digest.ts";
import { fileBytes } from "../io/file-bytes.ts";
import { LayoutIndex } from "./layout-index.ts";
import type { IndexEntry } from "./layout-index.ts";
import { readManifestOf } from "./read-manifest.ts";

const FOREIGN_HINT =
  "give an OCI archive, as skopeo, podman, buildx, docker save or varve write it";

/** An OCI layout in a tar, open for reading. Close it when its blobs are no longer needed. */
export class OciArchive implements ContentSource {
  readonly isLocal = true;
  readonly file: string;
  readonly #members: ArchiveMembers;
  readonly #index: LayoutIndex;

  private constructor(members: ArchiveMembers) {
    this.file = members.file;
    this.#members = members;
    this.#index = LayoutIndex.parse(this.fullName, members.bytesOf("index.json"));
  }

  /** @throws VarveError `ARCHIVE_UNREADABLE`, `ARCHIVE_DAMAGED`, `ARCHIVE_FOREIGN`, `LAYOUT_DAMAGED` */
  static async open(file: string): Promise<OciArchive> {
    return OciArchive.in(await ArchiveMembers.open(file, FOREIGN_HINT));
  }

  /**
   * The layout in an archive that is open already, and is closed with it, or at a failure.
   *
   * @throws VarveError `ARCHIVE_FOREIGN`, `LAYOUT_DAMAGED`
   */
  static in(members: ArchiveMembers): OciArchive {
    const { file } = members;
    try {
      if (members.has("index.json")) return new OciArchive(members);
      throw new VarveError("ARCHIVE_FOREIGN", `${file} is not an OCI archive: no index.json`, {
        hint: members.has("manifest.json") ? "it is a Docker archive" : FOREIGN_HINT,
      });
    } catch (error) {
      members.close();
      throw error;
    }
  }

  get fullName(): string {
    return `oci-archive:${this.file}`;
  }

  /** Every name that stands for an image here. */
  names(): string[] {
    return this.#index.names();
  }

  /** What `index.json` lists, as it lists it. */
  entries(): readonly IndexEntry[] {
    return this.#index.entries;
  }

  /**
   * The manifest or index of a tag, a full name or a digest; of the only image for an empty
   * version.
   *
   * @throws VarveError `IMAGE_AMBIGUOUS` with the names there are, `LAYOUT_DAMAGED`
   */
  async readManifest(version: string): Promise<StoredManifest | undefined> {
    return readManifestOf(this.#index, version, this);
  }

  /**
   * Whether the layout lacks what its `manifest.json` may have: the image, or its layers, as in
   * what Docker 25.0.0 saved (moby #47065).
   */
  async isHollow(version: string): Promise<boolean> {
    if (!this.#members.has("manifest.json")) return false;
    const manifest = await this.readManifest(version);
    if (manifest === undefined) return true;
    const { isIndex, layers } = contentLinks(manifest, this.fullName);
    return !isIndex && layers.length === 0;
  }

  /** Whether a blob is there in its full length. */
  hasWhole({ digest, size }: Pick<Descriptor, "digest" | "size">): boolean {
    const name = memberOf(digest);
    return this.#members.has(name) && this.#members.resolve(name).size === size;
  }

  async hasBlob(digest: string): Promise<boolean> {
    return this.#members.has(memberOf(digest));
  }

  async readBlob(digest: string): Promise<Buffer | undefined> {
    const name = memberOf(digest);
    if (!this.#members.has(name)) return undefined;
    const bytes = this.#members.bytesOf(name);
    return digestOf(bytes) === digest ? bytes : this.#members.damaged(`${digest} has other bytes`);
  }

  async *openBlob({
    digest,
    size,
  }: Pick<Descriptor, "digest" | "size">): AsyncGenerator<Uint8Array, void, undefined> {
    const member = this.#members.resolve(memberOf(digest));
    if (member.size !== size) {
      this.#members.damaged(`${digest} is ${member.size} bytes long, not ${size}`);
    }
    const what = `${this.file} is damaged: the blob`;
    yield* verifiedBytes(fileBytes(this.#members.fd, member.offset, member.size), digest, what);
  }

  close(): void {
    this.#members.close();
  }
}

/**
 * Opens an OCI archive, or a hybrid one that has an OCI layout beside its `manifest.json`, plain or
 * compressed.
 */
export function openOciArchive(file: string): Promise<OciArchive> {
  return OciArchive.open(file);
}

function memberOf(digest: string): string {
  if (isDigest(digest)) return `blobs/sha256/${hexOf(digest)}`;
  throw new VarveError("DIGEST_UNKNOWN", `${digest} is not a digest that varve knows`, {
    hint: "varve reads images whose digests are sha256",
  });
}

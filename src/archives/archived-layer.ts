import { createHash } from "node:crypto";
import { hexOf } from "../image/digest.ts";
import type { Layer, LayerIdentity } from "../image/layer.ts";
import type { TarMember } from "../tar/reader.ts";
import type { ArchiveMembers } from "./archive-members.ts";
import { decompress } from "./compression/decompress.ts";
import { MAGIC_LENGTH, sniffCompression } from "./compression/sniff.ts";
import { fileBytes, readAt } from "../io/file-bytes.ts";
import { verifiedBytes } from "./verified-bytes.ts";

/** Where a layer lies in an archive. */
interface Place {
  readonly archive: string;
  readonly fd: number;
  readonly member: TarMember;
  /** The layer's file name in the archive. */
  readonly name: string;
}

/**
 * A layer inside a Docker archive. Its bytes are checked against its diffID whenever they are
 * read, so a damaged archive never becomes a damaged image.
 */
export class ArchivedLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason: string;
  readonly diffId: string;
  readonly #place: Place;
  #identity: Promise<LayerIdentity> | undefined;

  constructor({ diffId, ...place }: Place & { readonly diffId: string }) {
    this.#place = place;
    this.diffId = diffId;
    this.name = hexOf(diffId);
    this.paths = [place.name];
    this.reason = "base image";
  }

  /** A layer whose digest nothing says: it is read through to learn it. */
  static async ofUnknownDigest(members: ArchiveMembers, name: string): Promise<ArchivedLayer> {
    const member = members.resolve(name);
    const { file: archive, fd } = members;
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of uncompressed({ archive, fd, member, name })) {
      hash.update(chunk);
      size += chunk.length;
    }
    const diffId = `sha256:${hash.digest("hex")}`;
    const layer = new ArchivedLayer({ archive, fd, member, name, diffId });
    layer.#identity = Promise.resolve({ diffId, size, remembered: false });
    return layer;
  }

  identity(): Promise<LayerIdentity> {
    this.#identity ??= this.#find();
    return this.#identity;
  }

  knownDiffId(): string {
    return this.diffId;
  }

  async size(): Promise<number> {
    return (await this.identity()).size;
  }

  stream(): AsyncIterable<Uint8Array> {
    const what = `${this.#place.archive} is damaged: the layer ${this.#place.name}`;
    return verifiedBytes(uncompressed(this.#place), this.diffId, what);
  }

  /** A compressed layer must be read through to learn its length. */
  async #find(): Promise<LayerIdentity> {
    const { diffId } = this;
    if (compressionOf(this.#place) === "none") {
      return { diffId, size: this.#place.member.size, remembered: true };
    }
    let size = 0;
    for await (const chunk of this.stream()) size += chunk.length;
    return { diffId, size, remembered: false };
  }
}

function uncompressed(place: Place): AsyncIterable<Uint8Array> {
  const { archive, fd, member, name } = place;
  const bytes = fileBytes(fd, member.offset, member.size);
  return decompress(bytes, compressionOf(place), `${archive}, layer ${name},`);
}

function compressionOf({ fd, member }: Place): ReturnType<typeof sniffCompression> {
  const length = Math.min(MAGIC_LENGTH, member.size);
  return sniffCompression(readAt(fd, member.offset, length));
}

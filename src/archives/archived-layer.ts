import { hexOf } from "../image/digest.ts";
import type { Layer, LayerIdentity } from "../image/layer.ts";
import type { TarMember } from "../tar/reader.ts";
import { decompress } from "./compression/decompress.ts";
import { MAGIC_LENGTH, sniffCompression } from "./compression/sniff.ts";
import { fileBytes, readAt } from "../io/file-bytes.ts";
import { verifiedBytes } from "./verified-bytes.ts";

/**
 * A layer inside a Docker archive. Its bytes are checked against its diffID whenever they are
 * read, so a damaged archive never becomes a damaged image.
 */
export class ArchivedLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason: string;
  readonly diffId: string;
  readonly #archive: string;
  readonly #fd: number;
  readonly #member: TarMember;
  #identity: Promise<LayerIdentity> | undefined;

  constructor(input: {
    readonly archive: string;
    readonly fd: number;
    readonly member: TarMember;
    /** The layer's file name in the archive. */
    readonly name: string;
    readonly diffId: string;
  }) {
    this.#archive = input.archive;
    this.#fd = input.fd;
    this.#member = input.member;
    this.diffId = input.diffId;
    this.name = hexOf(input.diffId);
    this.paths = [input.name];
    this.reason = "base image";
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
    const what = `${this.#archive} is damaged: the layer ${this.paths[0]}`;
    return verifiedBytes(this.#uncompressed(), this.diffId, what);
  }

  /** A compressed layer must be read through to learn its length. */
  async #find(): Promise<LayerIdentity> {
    const { diffId } = this;
    if (this.#compression() === "none") {
      return { diffId, size: this.#member.size, remembered: true };
    }
    let size = 0;
    for await (const chunk of this.stream()) size += chunk.length;
    return { diffId, size, remembered: false };
  }

  #uncompressed(): AsyncIterable<Uint8Array> {
    const bytes = fileBytes(this.#fd, this.#member.offset, this.#member.size);
    return decompress(bytes, this.#compression(), `${this.#archive}, layer ${this.paths[0]},`);
  }

  #compression(): ReturnType<typeof sniffCompression> {
    const length = Math.min(MAGIC_LENGTH, this.#member.size);
    return sniffCompression(readAt(this.#fd, this.#member.offset, length));
  }
}

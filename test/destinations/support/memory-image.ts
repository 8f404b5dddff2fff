import { AssembledImage } from "../../../src/assembly/assembled-image.ts";
import { digestOf, hexOf } from "../../../src/image/digest.ts";
import type { Image } from "../../../src/image/image.ts";
import type { Layer, LayerIdentity } from "../../../src/image/layer.ts";
import { orderedJson } from "../../../src/image/ordered-json.ts";
import type { JsonObject } from "../../../src/image/ordered-json.ts";
import { byteStringOf } from "../../../src/tar/byte-string.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../../../src/tar/header.ts";

/** A layer of one file, which says what has been asked of it. */
export class MemoryLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason = "test";
  readonly diffId: string;
  /** How often its bytes were made for a destination. */
  streamed = 0;
  /** How often its bytes were made for the digest alone. */
  hashed = 0;
  readonly #bytes: Buffer;
  #known: boolean;

  constructor(name: string, content: string, options: { readonly known: boolean }) {
    this.paths = [`/${name}`];
    this.#bytes = tarOf(name, Buffer.from(content));
    this.diffId = digestOf(this.#bytes);
    this.name = hexOf(this.diffId);
    this.#known = options.known;
  }

  knownDiffId(): string | undefined {
    return this.#known ? this.diffId : undefined;
  }

  async identity(): Promise<LayerIdentity> {
    const remembered = this.#known;
    if (!this.#known) this.hashed += 1;
    this.#known = true;
    return { diffId: this.diffId, size: this.#bytes.length, remembered };
  }

  async size(): Promise<number> {
    return this.#bytes.length;
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    this.streamed += 1;
    yield this.#bytes;
    this.#known = true;
  }
}

function tarOf(name: string, content: Buffer): Buffer {
  const headers = new HeaderWriter({ uid: 0, gid: 0, uname: "", gname: "", mtime: 1 });
  const entry = {
    name: byteStringOf(name),
    type: "file",
    mode: 0o644,
    size: content.length,
    link: "",
  } as const;
  const header = headers.bytes(entry);
  const length = header.length + content.length + paddingOf(content.length);
  const rest = paddingOf(content.length) + endOfArchiveLength(length);
  return Buffer.concat([header, content, Buffer.alloc(rest)]);
}

/** Layers that are named by what they hold: equal texts are equal layers. */
export function memoryLayers(
  contents: readonly string[],
  options: { readonly known: boolean } = { known: true },
): MemoryLayer[] {
  return contents.map((content) => new MemoryLayer(content.slice(0, 20), content, options));
}

/** An image of such layers. */
export function memoryImage(
  layers: readonly Layer[],
  runtime: Readonly<Record<string, unknown>> = { Cmd: ["/x"] },
): Image {
  return new AssembledImage({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    created: "1970-01-01T00:00:01Z",
    runtime: orderedJson(runtime) as JsonObject,
    layers,
    archiveTime: 1,
  });
}

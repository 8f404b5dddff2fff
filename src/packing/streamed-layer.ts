import { createHash } from "node:crypto";
import { VarveError } from "../errors.ts";
import type { Layer, LayerIdentity } from "../image/layer.ts";
import { hexOf } from "../image/digest.ts";
import { KeptBytes } from "../io/kept-bytes.ts";
import type { TarCommon, TarEntry } from "../tar/entry.ts";
import { displayText } from "../tar/byte-string.ts";
import { endOfArchiveLength, HeaderWriter, paddingOf } from "../tar/header.ts";
import type { FewAtOnce } from "./few-at-once.ts";
import type { LayerDigest } from "./layer-spec.ts";
import type { Packer } from "./packer.ts";

/** An entry whose content comes as a stream, once, before the next entry is asked for. */
export interface StreamedEntry {
  readonly entry: TarEntry;
  /** As many bytes as the entry says; absent where there are none. */
  readonly content?: (() => AsyncIterable<Uint8Array>) | undefined;
}

export interface StreamedLayerInput {
  /** Equal keys mean equal bytes. */
  readonly contentKey: string;
  /** Gives the entries from the beginning, each time it is called. */
  readonly entries: () => AsyncIterable<StreamedEntry>;
  /** Owner of entries that have none, and the date of all. */
  readonly common: TarCommon;
  readonly paths: readonly string[];
  readonly reason: string;
  /** Where digests are remembered. */
  readonly packer: Packer;
  /** How many layers are read only to learn their digests at a time. */
  readonly turns: FewAtOnce;
}

/** Bytes handed over at a time. */
const CHUNK_SIZE = 1 << 18;

/**
 * A layer whose entries come out of other archives as streams, in an order that its source decides.
 * Its length follows from reading it through once; that is remembered under the content key, and
 * memory does not grow with the content. What was read for its length is kept for a while, where it
 * is not too much, so that the archives need not be decompressed twice.
 */
export class StreamedLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason: string;
  readonly contentKey: string;
  readonly #input: StreamedLayerInput;
  #identity: Promise<LayerIdentity> | undefined;
  #known: LayerDigest | undefined;
  /** All of it, from when its length was found until it is wanted. */
  #kept: KeptBytes | undefined;

  constructor(input: StreamedLayerInput) {
    this.#input = input;
    this.contentKey = input.contentKey;
    this.name = hexOf(input.contentKey);
    this.paths = input.paths;
    this.reason = input.reason;
    const known = input.packer.remembered(input.contentKey);
    if (known !== undefined) this.adopt(known);
  }

  identity(): Promise<LayerIdentity> {
    this.#identity ??= this.#input.turns.run(() => this.#find());
    return this.#identity;
  }

  knownDiffId(): string | undefined {
    return this.#known?.diffId;
  }

  async size(): Promise<number> {
    return (await this.identity()).size;
  }

  adopt({ diffId, size }: LayerDigest): void {
    if (this.#identity !== undefined) return;
    this.#known = { diffId, size };
    this.#identity = Promise.resolve({ diffId, size, remembered: true });
  }

  /** @throws VarveError `LAYER_DIFFERS` when it is not what was remembered or adopted */
  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) {
      yield* kept.taken();
      return;
    }
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of tarOf(this.#input)) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
    this.#learn({ diffId: `sha256:${hash.digest("hex")}`, size });
  }

  async #find(): Promise<LayerIdentity> {
    const hash = createHash("sha256");
    const kept = new KeptBytes();
    let size = 0;
    try {
      for await (const chunk of tarOf(this.#input)) {
        hash.update(chunk);
        size += chunk.length;
        await kept.add(chunk);
      }
    } catch (error) {
      kept.drop();
      throw error;
    }
    const digest = { diffId: `sha256:${hash.digest("hex")}`, size };
    this.#learn(digest);
    if (kept.isWhole) this.#kept = kept;
    return { ...digest, remembered: false };
  }

  #learn(digest: LayerDigest): void {
    const { diffId } = digest;
    if (this.#known !== undefined && this.#known.diffId !== diffId) {
      throw new VarveError(
        "LAYER_DIFFERS",
        `a layer of ${this.paths[0]} has the digest ${diffId}, not ${this.#known.diffId} as before`,
        { hint: "run again with --no-cache, which believes nothing that was remembered" },
      );
    }
    this.#known = digest;
    this.#identity ??= Promise.resolve({ ...digest, remembered: false });
    this.#input.packer.remember(this.contentKey, digest);
  }
}

async function* tarOf({
  entries,
  common,
}: StreamedLayerInput): AsyncGenerator<Buffer, void, undefined> {
  const headers = new HeaderWriter(common);
  let buffer = Buffer.allocUnsafeSlow(CHUNK_SIZE);
  let used = 0;
  let total = 0;
  const flushed = (): Buffer => {
    const chunk = buffer.subarray(0, used);
    buffer = Buffer.allocUnsafeSlow(CHUNK_SIZE);
    total += used;
    used = 0;
    return chunk;
  };
  for await (const { entry, content } of entries()) {
    const header = headers.bytes(entry);
    if (used + header.length > CHUNK_SIZE) yield flushed();
    if (header.length > CHUNK_SIZE) {
      total += header.length;
      yield header;
    } else used += header.copy(buffer, used);
    let left = entry.size;
    if (left > 0 && content !== undefined) {
      for await (const piece of content()) {
        left -= piece.length;
        if (left < 0) break;
        for (let at = 0; at < piece.length;) {
          if (used === CHUNK_SIZE) yield flushed();
          const now = piece.subarray(at, at + CHUNK_SIZE - used);
          buffer.set(now, used);
          used += now.length;
          at += now.length;
        }
      }
    }
    if (left !== 0) refuseLength(entry);
    const padding = paddingOf(entry.size);
    if (used + padding > CHUNK_SIZE) yield flushed();
    buffer.fill(0, used, used + padding);
    used += padding;
  }
  const end = endOfArchiveLength(total + used);
  if (used + end > CHUNK_SIZE) yield flushed();
  buffer.fill(0, used, used + end);
  used += end;
  yield flushed();
}

function refuseLength({ name, size }: TarEntry): never {
  throw new VarveError(
    "LAYER_LENGTH",
    `${displayText(name)} is not as long as its archive says: ${size} bytes`,
  );
}

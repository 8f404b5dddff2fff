import * as fs from "node:fs";
import { messageOf, VarveError } from "../errors.ts";
import { hexOf } from "../image/digest.ts";
import type { Layer, LayerCodingResult, LayerIdentity } from "../image/layer.ts";
import { fileBytes } from "../io/file-bytes.ts";
import { verifiedBytes } from "./verified-bytes.ts";

/** A layer whose tar is ready in a file, its digest known, and checked when it is read. */
export class TarFileLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason: string;
  readonly codings: readonly LayerCodingResult[];
  readonly #file: string;
  readonly #diffId: string;

  constructor(input: {
    readonly file: string;
    readonly diffId: string;
    readonly paths: readonly string[];
    readonly reason: string;
    readonly codings?: readonly LayerCodingResult[] | undefined;
  }) {
    this.codings = input.codings ?? [];
    this.#file = input.file;
    this.#diffId = input.diffId;
    this.name = hexOf(input.diffId);
    this.paths = input.paths;
    this.reason = input.reason;
  }

  async identity(): Promise<LayerIdentity> {
    return { diffId: this.#diffId, size: await this.size(), remembered: true };
  }

  knownDiffId(): string {
    return this.#diffId;
  }

  async size(): Promise<number> {
    return this.#readable(() => fs.statSync(this.#file).size);
  }

  stream(): AsyncIterable<Uint8Array> {
    return verifiedBytes(this.#bytes(), this.#diffId, `the layer ${this.#file}`);
  }

  async *#bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    const fd = this.#readable(() => fs.openSync(this.#file, "r"));
    try {
      yield* fileBytes(fd, 0, fs.fstatSync(fd).size);
    } finally {
      fs.closeSync(fd);
    }
  }

  #readable<Value>(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      throw new VarveError(
        "LAYER_UNREADABLE",
        `the layer ${this.#file} cannot be read: ${messageOf(error)}`,
        { cause: error, hint: "build the image's conf again, or give --store-root" },
      );
    }
  }
}

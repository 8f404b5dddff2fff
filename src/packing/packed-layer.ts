import type { Layer, LayerIdentity } from "../image/layer.ts";
import type { LayerSpec } from "./layer-spec.ts";
import type { Packer } from "./packer.ts";

/** A layer made from components: its bytes exist only while somebody takes them. */
export class PackedLayer implements Layer {
  readonly paths: readonly string[];
  readonly reason: string;
  readonly contentKey: string | undefined;
  readonly #packer: Packer;
  readonly #spec: LayerSpec;
  #identity: Promise<LayerIdentity> | undefined;

  constructor(input: {
    readonly packer: Packer;
    readonly spec: LayerSpec;
    readonly contentKey: string | undefined;
    readonly paths: readonly string[];
    readonly reason: string;
  }) {
    this.#packer = input.packer;
    this.#spec = input.spec;
    this.contentKey = input.contentKey;
    this.paths = input.paths;
    this.reason = input.reason;
  }

  identity(): Promise<LayerIdentity> {
    this.#identity ??= this.#packer.digest(this.#spec, this.contentKey);
    return this.#identity;
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    const { size } = await this.identity();
    yield* this.#packer.stream(this.#spec, size);
  }

  async writeTo(fd: number): Promise<void> {
    const { size } = await this.identity();
    await this.#packer.writeTo(fd, this.#spec, size);
  }
}

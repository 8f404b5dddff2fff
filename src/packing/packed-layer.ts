import { VarveError } from "../errors.ts";
import type { Layer, LayerCodingResult, LayerIdentity, StreamOptions } from "../image/layer.ts";
import { specName } from "./content-key.ts";
import type { LayerDigest, LayerSpec } from "./layer-spec.ts";
import type { Packer } from "./packer.ts";

/**
 * A layer made from components: its bytes exist only while somebody takes them. Its digest is
 * remembered from another time, or found on the way when its bytes are taken; it is packed for the
 * digest alone only when the digest is asked for first.
 */
export class PackedLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason: string;
  readonly contentKey: string | undefined;
  readonly codings: readonly LayerCodingResult[];
  readonly #packer: Packer;
  readonly #spec: LayerSpec;
  #identity: Promise<LayerIdentity> | undefined;
  #diffId: string | undefined;
  /** Whether the identity is another's word. */
  #adopted = false;
  #size: Promise<number> | undefined;

  constructor(input: {
    readonly packer: Packer;
    readonly spec: LayerSpec;
    readonly contentKey: string | undefined;
    readonly paths: readonly string[];
    readonly reason: string;
    readonly codings?: readonly LayerCodingResult[] | undefined;
  }) {
    this.codings = input.codings ?? [];
    this.#packer = input.packer;
    this.#spec = input.spec;
    this.name = specName(input.spec);
    this.contentKey = input.contentKey;
    this.paths = input.paths;
    this.reason = input.reason;
    const known = this.#packer.remembered(this.contentKey);
    if (known === undefined) return;
    this.#identity = Promise.resolve({ ...known, remembered: true });
    this.#diffId = known.diffId;
  }

  identity(): Promise<LayerIdentity> {
    this.#identity ??= this.#packer.digest(this.#spec).then((digest) => this.#found(digest));
    return this.#identity;
  }

  knownDiffId(): string | undefined {
    return this.#diffId;
  }

  size(): Promise<number> {
    this.#size ??=
      this.#identity === undefined
        ? this.#packer.measure(this.#spec)
        : this.#identity.then(({ size }) => size);
    return this.#size;
  }

  adopt(digest: LayerDigest): void {
    if (this.#identity !== undefined) return;
    const { diffId, size } = digest;
    this.#adopted = true;
    this.#diffId = diffId;
    this.#identity = Promise.resolve({ diffId, size, remembered: true });
    this.#size = Promise.resolve(size);
  }

  async *stream(options?: StreamOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const size = await this.size();
    const onDigest = this.#isSure()
      ? undefined
      : (digest: LayerDigest): void => {
          this.#learn(digest);
        };
    yield* this.#packer.stream(this.#spec, size, onDigest, options);
  }

  async writeTo(fd: number): Promise<void> {
    const size = await this.size();
    if (this.#isSure()) {
      await this.#packer.write(this.#spec, fd, size);
      return;
    }
    const { digest } = await this.#packer.writeAndHash(this.#spec, fd, size);
    if (this.#adopted) {
      this.#learn(await digest);
      return;
    }
    this.#identity ??= digest.then((found) => this.#found(found));
    this.#identity.catch(() => undefined);
  }

  /** Whether the identity is known, and by one's own work. */
  #isSure(): boolean {
    return this.#identity !== undefined && !this.#adopted;
  }

  #learn(digest: LayerDigest): void {
    if (this.#adopted) this.#confirm(digest);
    this.#identity ??= Promise.resolve(this.#found(digest));
  }

  #confirm(digest: LayerDigest): void {
    const { diffId } = digest;
    if (diffId === this.#diffId) {
      this.#adopted = false;
      this.#packer.remember(this.contentKey, digest);
      return;
    }
    throw new VarveError(
      "LAYER_DIFFERS",
      `a layer of ${this.paths[0]} has the digest ${diffId}, not ${this.#diffId} as an earlier image says`,
      { hint: "run again with --no-cache, which believes no earlier image" },
    );
  }

  #found(digest: LayerDigest): LayerIdentity {
    this.#diffId = digest.diffId;
    this.#packer.remember(this.contentKey, digest);
    return { ...digest, remembered: false };
  }
}

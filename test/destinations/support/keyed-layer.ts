import { digestOf } from "../../../src/image/digest.ts";
import type { LayerIdentity } from "../../../src/image/layer.ts";
import { MemoryLayer } from "./memory-image.ts";

/** A layer whose content key is known and whose digest is not. */
export class KeyedLayer extends MemoryLayer {
  readonly contentKey: string;
  #adopted: LayerIdentity | undefined;

  constructor(content: string) {
    super(content.slice(0, 20), content, { known: false });
    this.contentKey = digestOf(Buffer.from(`key of ${content}`));
  }

  adopt({ diffId, size }: Pick<LayerIdentity, "diffId" | "size">): void {
    this.#adopted = { diffId, size, remembered: true };
  }

  override knownDiffId(): string | undefined {
    return this.#adopted?.diffId ?? super.knownDiffId();
  }

  override async identity(): Promise<LayerIdentity> {
    return this.#adopted ?? super.identity();
  }
}

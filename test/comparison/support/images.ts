import { digestOf, hexOf } from "../../../src/image/digest.ts";
import type { Image } from "../../../src/image/image.ts";
import type { Layer } from "../../../src/image/layer.ts";
import { tarOf } from "./tars.ts";
import type { Entry } from "./tars.ts";

/** A layer in memory that counts how often its bytes are taken. */
export class CountedLayer implements Layer {
  readonly name: string;
  readonly paths: readonly string[];
  readonly reason = "test";
  readonly diffId: string;
  read = 0;
  readonly #tar: Buffer;

  constructor(entries: readonly Entry[], paths: readonly string[] = []) {
    this.#tar = tarOf(entries);
    this.diffId = digestOf(this.#tar);
    this.name = hexOf(this.diffId);
    this.paths = paths;
  }

  async identity(): ReturnType<Layer["identity"]> {
    return { diffId: this.diffId, size: this.#tar.length, remembered: true };
  }

  knownDiffId(): string {
    return this.diffId;
  }

  async size(): Promise<number> {
    return this.#tar.length;
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    this.read += 1;
    for (let at = 0; at < this.#tar.length; at += 5000) yield this.#tar.subarray(at, at + 5000);
  }
}

/** An image of these layers, whose history tells what is in those that say so. */
export function imageOf(
  layers: readonly CountedLayer[],
  config: Readonly<Record<string, unknown>> = {},
): Image {
  const written = {
    architecture: "amd64",
    os: "linux",
    ...config,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ paths }) =>
      paths.length === 0
        ? { created_by: "RUN make" }
        : { comment: `store paths: [${paths.map((path) => `'${path}'`).join(", ")}]` },
    ),
  };
  return {
    architecture: "amd64",
    os: "linux",
    runtime: {},
    layers,
    archiveTime: 0,
    config: async () => Buffer.from(JSON.stringify(written)),
  };
}

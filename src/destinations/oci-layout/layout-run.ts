import type { Image } from "../../image/image.ts";
import { familiarName } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { ReportProgress } from "../../progress/events.ts";
import type { Delivery } from "../delivery.ts";
import type { PlacedLayer } from "../layers/placed-layer.ts";
import type { LayProgress } from "./lay-layers.ts";

/** What was put into a layout or an OCI archive. */
export interface LayoutDelivery extends Delivery {
  /** `oci:DIR`, `oci-archive:FILE`. */
  readonly place: string;
  /** What the image is called there. */
  readonly names: readonly string[];
  /** Digest of the manifest. */
  readonly digest: string;
  readonly layers: readonly LaidLayer[];
}

type LaidLayer = Delivery["layers"][number] & {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes, compressed. */
  readonly blobSize: number;
};

/** An image on its way into a layout: keeps the time, counts, and reports what happens. */
export class LayoutRun implements LayProgress {
  readonly #image: Image;
  readonly #references: readonly string[];
  readonly #report: ReportProgress;
  readonly #begun = performance.now();
  #written = 0;

  constructor(image: Image, references: readonly Reference[], report: ReportProgress) {
    this.#image = image;
    this.#references = references.map(familiarName);
    this.#report = report;
    report({ kind: "started", image: this.#name, layers: image.layers.length });
  }

  readonly onWritten = (bytes: number): void => {
    this.#written += bytes;
    this.#report({ kind: "bytes", written: this.#written });
  };

  readonly placed = (placed: PlacedLayer, index: number): void => {
    const { layer, way, diffId, size, sent, seconds } = placed;
    const of = this.#image.layers.length;
    const { paths } = layer;
    this.#report({ kind: "placed", index, of, diffId, size, way, sent, seconds, paths });
  };

  finish(
    placed: readonly PlacedLayer[],
    result: Pick<LayoutDelivery, "place" | "names" | "digest" | "imageId">,
  ): LayoutDelivery {
    const layers = placed.map(({ layer, way, descriptor, diffId, size }): LaidLayer => {
      const { digest, mediaType, size: blobSize } = descriptor;
      const { paths, reason } = layer;
      const sent = way === "sent";
      return { diffId, size, digest, mediaType, blobSize, sent, paths, reason };
    });
    const delivery: LayoutDelivery = {
      ...result,
      references: this.#references,
      layers,
      size: layers.reduce((sum, { size }) => sum + size, 0),
      written: this.#written,
      seconds: (performance.now() - this.#begun) / 1000,
    };
    const { imageId, size, written, seconds } = delivery;
    this.#report({
      kind: "finished",
      image: this.#name,
      imageId,
      layers: layers.length,
      size,
      written,
      seconds,
      known: layers.filter(({ sent }) => !sent).length,
      knownTo: "layout",
    });
    return delivery;
  }

  get #name(): string {
    return this.#references.join(", ");
  }
}

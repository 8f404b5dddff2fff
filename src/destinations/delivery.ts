import { dockerArchive } from "../archives/docker-archive.ts";
import type { ArchiveForm, ArchivePart, LeftOut } from "../archives/docker-archive.ts";
import { digestOf } from "../image/digest.ts";
import type { Image } from "../image/image.ts";
import type { Layer } from "../image/layer.ts";
import { familiarName } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import type { ReportProgress } from "../progress/events.ts";
import { announceAhead, shownIdentity, WatchedLayer } from "./watched-layer.ts";

/** What was delivered. */
export interface Delivery {
  readonly references: readonly string[];
  /** Digest of the config: what classic Docker engines call the image ID. */
  readonly imageId: string;
  readonly layers: readonly DeliveredLayer[];
  /** Bytes of all layers, uncompressed. */
  readonly size: number;
  /** Bytes that went to the destination. */
  readonly written: number;
  readonly seconds: number;
}

interface DeliveredLayer {
  readonly diffId: string;
  readonly size: number;
  /** Whether its bytes went to the destination; otherwise it had them. */
  readonly sent: boolean;
  readonly paths: readonly string[];
  readonly reason: string;
}

/** An image on its way to a destination: keeps the time, and reports what happens. */
export class DeliveryRun {
  readonly image: Image;
  readonly references: readonly Reference[];
  readonly report: ReportProgress;
  readonly #begun = performance.now();

  constructor(image: Image, references: readonly Reference[], report: ReportProgress) {
    this.image = image;
    this.references = references;
    this.report = report;
    report({ kind: "started", image: this.#name, layers: image.layers.length });
  }

  get #name(): string {
    return this.references.map(familiarName).join(", ");
  }

  /**
   * The image as an archive; a layer is reported once its consumer has come back for more and its
   * digest is known, for which the next one does not wait.
   */
  async *archive(
    references: readonly Reference[] = this.references,
    leftOut?: LeftOut,
    form?: ArchiveForm,
  ): AsyncGenerator<ArchivePart, void, undefined> {
    const { layers } = this.image;
    announceAhead(
      layers.filter((_, index) => leftOut?.has(index) !== true),
      this.report,
    );
    let reported: Promise<void> = Promise.resolve();
    for await (const part of dockerArchive(this.image, references, leftOut, form)) {
      if (part instanceof Uint8Array) {
        yield part;
        continue;
      }
      const place = { index: layers.indexOf(part.layer), of: layers.length };
      yield { ...part, layer: new WatchedLayer(part.layer, place, this.report) };
      reported = reported.then(() => this.reportLayer(part.layer, true));
      // The archive's end needs all digests, and fails by itself.
      reported.catch(() => undefined);
    }
    await reported;
  }

  async reportLayer(layer: Layer, sent: boolean): Promise<void> {
    const { diffId, size, remembered } = await shownIdentity(layer);
    const { layers } = this.image;
    this.report({
      kind: "layer",
      index: layers.indexOf(layer),
      of: layers.length,
      diffId,
      size,
      sent,
      remembered,
      paths: layer.paths,
      reason: layer.reason,
    });
  }

  /**
   * Sums up when all is done.
   *
   * @param spared for destinations that are asked what they have: what they had, and why everything
   *   was sent after that, if it was
   */
  async finish(
    written: number,
    spared?: { readonly known: LeftOut; readonly secondTry: string | undefined },
  ): Promise<Delivery> {
    const layers = await Promise.all(
      this.image.layers.map(async (layer, index) => {
        const { diffId, size } = await shownIdentity(layer);
        const sent = spared?.known.has(index) !== true;
        return { diffId, size, sent, paths: layer.paths, reason: layer.reason };
      }),
    );
    const delivery: Delivery = {
      references: this.references.map(familiarName),
      imageId: digestOf(await this.image.config()),
      layers,
      size: layers.reduce((sum, { size }) => sum + size, 0),
      written,
      seconds: (performance.now() - this.#begun) / 1000,
    };
    this.report({
      kind: "finished",
      image: this.#name,
      imageId: delivery.imageId,
      layers: layers.length,
      size: delivery.size,
      written,
      seconds: delivery.seconds,
      ...(spared === undefined ? {} : { known: spared.known.size }),
      ...(spared?.secondTry === undefined ? {} : { secondTry: spared.secondTry }),
    });
    return delivery;
  }
}

/**
 * Sends an image as an archive, whole, by whatever `send` does with its parts.
 *
 * @param send takes the archive's parts and returns the bytes written
 */
export async function deliverArchive(
  image: Image,
  references: readonly Reference[],
  report: ReportProgress,
  send: (parts: AsyncIterable<ArchivePart>) => Promise<number>,
): Promise<Delivery> {
  const run = new DeliveryRun(image, references, report);
  return run.finish(await send(run.archive()));
}

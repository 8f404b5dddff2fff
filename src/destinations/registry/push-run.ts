import type { Image } from "../../image/image.ts";
import type { Layer } from "../../image/layer.ts";
import { familiarName } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { ReportProgress } from "../../progress/events.ts";
import { existingLayer } from "../layers/existing-layer.ts";
import type { BlobWay } from "../../image/content-store.ts";
import type { PlacedLayer } from "../layers/placed-layer.ts";
import type { Found } from "./place-layers.ts";

/** What was pushed, or would be. */
export interface Pushed {
  readonly references: readonly string[];
  /** `registry/name@sha256:…`, one a repository; empty in a dry run. */
  readonly digests: readonly string[];
  /** Digest of the config; undefined in a dry run. */
  readonly imageId: string | undefined;
  readonly layers: readonly PushedLayer[];
  /** Bytes of all layers, uncompressed. */
  readonly size: number;
  /** Bytes that went over the network. */
  readonly written: number;
  readonly seconds: number;
  readonly dryRun: boolean;
}

interface PushedLayer {
  readonly repository: string;
  readonly diffId: string;
  /** Bytes, uncompressed. */
  readonly size: number;
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes, compressed. */
  readonly blobSize: number;
  readonly way: BlobWay;
  readonly sent: number;
  readonly paths: readonly string[];
  readonly reason: string;
}

/** What happened with one repository. */
export interface PushedRepository {
  /** `registry/name`. */
  readonly repository: string;
  readonly tags: readonly string[];
  /** Of the manifest. */
  readonly digest: string;
  /** Of the config. */
  readonly imageId: string;
  readonly layers: readonly PlacedLayer[];
}

/** A push as it is told to people: keeps the time and counts. */
export class PushRun {
  readonly #image: Image;
  readonly #references: readonly string[];
  readonly #report: ReportProgress;
  readonly #begun = performance.now();
  #written = 0;
  #size = 0;
  #sentLayers = 0;

  constructor(image: Image, references: readonly Reference[], report: ReportProgress) {
    this.#image = image;
    this.#references = references.map(familiarName);
    this.#report = report;
    report({ kind: "started", image: this.#name, layers: image.layers.length });
  }

  readonly onSent = (bytes: number): void => {
    this.#written += bytes;
    this.#report({ kind: "bytes", written: this.#written });
  };

  note(message: string): void {
    this.#report({ kind: "note", message });
  }

  placed(placed: PlacedLayer, index: number): void {
    const { layer, way, diffId, size, sent, seconds } = placed;
    this.#count(way, size);
    const of = this.#image.layers.length;
    const { paths } = layer;
    this.#report({ kind: "placed", index, of, diffId, size, way, sent, seconds, paths });
  }

  /** In a dry run: says what would become of a layer. */
  async wouldPlace(layer: Layer, index: number, found: Found["way"] | undefined): Promise<void> {
    const way = found === undefined ? "sent" : found === "present" ? "present" : "mounted";
    const size = existingLayer(layer, "none")?.size ?? (await layer.size());
    this.#count(way, size);
    this.#report({
      kind: "placed",
      index,
      of: this.#image.layers.length,
      diffId: layer.knownDiffId(),
      size,
      way,
      sent: undefined,
      seconds: 0,
      paths: layer.paths,
    });
  }

  finish(repositories: readonly PushedRepository[], dryRun: boolean): Pushed {
    const [first] = repositories;
    const size = first?.layers.reduce((sum, layer) => sum + layer.size, 0) ?? this.#size;
    const pushed: Pushed = {
      references: this.#references,
      digests: repositories.map(({ repository, digest }) => `${repository}@${digest}`),
      imageId: first?.imageId,
      layers: repositories.flatMap(({ repository, layers }) =>
        layers.map((placed) => pushedLayer(repository, placed)),
      ),
      size,
      written: this.#written,
      seconds: (performance.now() - this.#begun) / 1000,
      dryRun,
    };
    this.#report({
      kind: "pushed",
      image: this.#name,
      layers: this.#image.layers.length,
      sentLayers: this.#sentLayers,
      size,
      written: pushed.written,
      seconds: pushed.seconds,
      dryRun,
    });
    return pushed;
  }

  get #name(): string {
    return this.#references.join(", ");
  }

  #count(way: BlobWay, size: number): void {
    this.#size += size;
    if (way === "sent") this.#sentLayers += 1;
  }
}

function pushedLayer(repository: string, placed: PlacedLayer): PushedLayer {
  const { layer, descriptor, diffId, size, way, sent } = placed;
  const { digest, mediaType, size: blobSize } = descriptor;
  const { paths, reason } = layer;
  return { repository, diffId, size, digest, mediaType, blobSize, way, sent, paths, reason };
}

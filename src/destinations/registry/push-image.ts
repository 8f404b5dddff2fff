import { setTimeout as sleep } from "node:timers/promises";
import { digestOf } from "../../image/digest.ts";
import type { Image } from "../../image/image.ts";
import { manifestWith } from "../../image/manifest.ts";
import { MEDIA_TYPE } from "../../image/media-types.ts";
import { remoteOf } from "../../image/reference.ts";
import type { Reference, RemoteReference } from "../../image/reference.ts";
import type { BlobDigests } from "../../packing/blob-digests.ts";
import type { Compressor } from "../../packing/codec/compressor.ts";
import type { ReportProgress } from "../../progress/events.ts";
import { Registries } from "../../registry/registries.ts";
import type { RegistriesOptions } from "../../registry/registries.ts";
import { RegistryError } from "../../registry/registry-error.ts";
import type { Repository } from "../../registry/repository.ts";
import { PATIENT } from "../../registry/retry.ts";
import { uploadBytes } from "../../registry/upload.ts";
import { readEarlierImage } from "../layers/earlier-images.ts";
import type { EarlierImage } from "../layers/earlier-images.ts";
import { Knowledge } from "../layers/knowledge.ts";
import type { LayerCoding } from "../layers/layer-coding.ts";
import { inParallel } from "../layers/parallel.ts";
import { lackedBlobs, MOST_ROUNDS } from "./lacked-blobs.ts";
import { findLayer, sendLayer, takeFound } from "./place-layers.ts";
import type { PlacedLayer } from "../layers/placed-layer.ts";
import { announceAhead, WatchedLayer } from "../watched-layer.ts";
import { PushRun } from "./push-run.ts";
import type { Pushed, PushedRepository } from "./push-run.ts";

export interface PushOptions extends LayerCoding {
  readonly compressor: () => Compressor;
  /** Which blob a layer became on this machine before. */
  readonly blobs?: BlobDigests | undefined;
  /** Whether to learn from earlier images; otherwise every layer is packed. */
  readonly learn: boolean;
  /** Whether it gets no tag, since it is part of an index that gets them. */
  readonly isPart?: boolean;
  /** Images to learn from beside the one that the new one replaces. */
  readonly cacheFrom: readonly RemoteReference[];
  readonly connection: RegistriesOptions;
  /** Say what would be sent, and send nothing. */
  readonly dryRun: boolean;
  readonly report: ReportProgress;
}

/**
 * Level of gzip unless asked otherwise: 6 takes twice as long for 6 % less. A first push waits for
 * the compressor, not for the network.
 */
const USUAL_GZIP_LEVEL = 3;
/** Questions about blobs that are on their way at a time. */
const PARALLEL_QUESTIONS = 32;
/** Layers that are packed and sent at a time: enough that no core waits for the network. */
const PARALLEL_UPLOADS = 4;
/** Where to look beside the tag itself: what was pushed last, by a common habit. */
const USUAL_TAG = "latest";

/**
 * Pushes an image under its names: what the registry has already stays where it is, what another
 * of its repositories has is mounted, the rest is packed and sent in one pass. The manifest goes
 * last, so that no name ever stands for an incomplete image.
 *
 * @throws RegistryError; whatever the layers throw
 */
export async function pushImage(
  image: Image,
  references: readonly Reference[],
  options: PushOptions,
): Promise<Pushed> {
  const ended = new AbortController();
  const policy = {
    ...PATIENT,
    ...options.connection.policy,
    sleep: async (milliseconds: number): Promise<void> => {
      if (options.connection.policy === undefined) {
        await sleep(milliseconds, undefined, { signal: ended.signal });
      } else {
        await options.connection.policy.sleep(milliseconds);
        ended.signal.throwIfAborted();
      }
    },
  };
  const registries = new Registries({ ...options.connection, policy });
  try {
    return await new ImagePush(image, references, options, registries).run();
  } finally {
    ended.abort();
    registries.close();
  }
}

/** A repository and the tags that the image gets there. */
interface Target {
  readonly repository: Repository;
  readonly tags: readonly string[];
}

class ImagePush {
  readonly #image: Image;
  readonly #references: readonly Reference[];
  readonly #options: PushOptions;
  readonly #registries: Registries;

  constructor(
    image: Image,
    references: readonly Reference[],
    options: PushOptions,
    registries: Registries,
  ) {
    this.#image = image;
    this.#references = references;
    const usual = options.compression === "gzip" ? USUAL_GZIP_LEVEL : undefined;
    this.#options = { ...options, level: options.level ?? usual };
    this.#registries = registries;
  }

  async run(): Promise<Pushed> {
    const { report } = this.#options;
    const run = new PushRun(this.#image, this.#references, report);
    const repositories: PushedRepository[] = [];
    const earlier: EarlierImage[] = await this.#named();
    for (const target of await this.#targets()) {
      earlier.push(...(await this.#previous(target)));
      const pushed = await this.#pushTo(target, earlier, run);
      if (pushed === undefined) continue;
      repositories.push(pushed);
      const again = await this.#read(target.repository, pushed.digest);
      if (again !== undefined) earlier.push(again);
    }
    return run.finish(repositories, this.#options.dryRun);
  }

  async #targets(): Promise<Target[]> {
    const byName = Map.groupBy(this.#references.map(remoteOf), ({ registry, path }) =>
      JSON.stringify([registry, path]),
    );
    return Promise.all(
      [...byName.values()].map(async (places) => {
        const repository = await this.#registries.repository(places[0]!, true);
        return { repository, tags: [...new Set(places.map(({ version }) => version))] };
      }),
    );
  }

  /** The images that the user named to learn from. */
  async #named(): Promise<EarlierImage[]> {
    if (!this.#options.learn) return [];
    const read = this.#options.cacheFrom.map(async (remote) => {
      const repository = await this.#registries.repository(remote, false);
      const image = await this.#read(repository, remote.version);
      if (image === undefined) {
        const message = `${repository.fullName}:${remote.version} has no image to learn from`;
        this.#options.report({ kind: "note", message });
      }
      return image;
    });
    return present(await Promise.all(read));
  }

  /** What the tags stand for until now. */
  async #previous({ repository, tags }: Target): Promise<EarlierImage[]> {
    if (!this.#options.learn) return [];
    const versions = [...new Set([...tags, USUAL_TAG])];
    return present(await Promise.all(versions.map((tag) => this.#read(repository, tag))));
  }

  /** An image that cannot be read teaches nothing; the push itself will tell what is wrong. */
  async #read(repository: Repository, version: string): Promise<EarlierImage | undefined> {
    try {
      return await readEarlierImage(repository, version, this.#image);
    } catch (error) {
      if (error instanceof RegistryError && error.status !== undefined) return undefined;
      throw error;
    }
  }

  async #pushTo(
    { repository, tags }: Target,
    earlier: readonly EarlierImage[],
    run: PushRun,
  ): Promise<PushedRepository | undefined> {
    const distrusted = new Set<string>();
    for (let round = 1; ; round += 1) {
      const placed = await this.#place(repository, earlier, distrusted, run);
      if (placed === undefined) return undefined;
      const config = await this.#image.config();
      const manifest = manifestWith(
        config,
        placed.map(({ descriptor }) => descriptor),
        this.#image.annotations,
      );
      try {
        if (this.#options.dryRun) return undefined;
        await uploadBytes(repository, config, { onSent: run.onSent, ask: round === 1 });
        const versions = this.#options.isPart === true ? [digestOf(manifest)] : tags;
        await inParallel(versions, PARALLEL_UPLOADS, (version) =>
          repository.putManifest(version, manifest, MEDIA_TYPE.manifest),
        );
        return {
          repository: repository.fullName,
          tags,
          digest: digestOf(manifest),
          imageId: digestOf(config),
          layers: placed,
        };
      } catch (error) {
        const assumed = placed.filter(({ way }) => way !== "sent");
        // The config is sent anew in any case.
        const believed = assumed.map(({ descriptor }) => descriptor.digest);
        const missing = lackedBlobs(error, [digestOf(config), ...believed], round);
        if (missing === undefined || round === MOST_ROUNDS) throw error;
        for (const digest of missing) distrusted.add(digest);
        run.note(`${repository.fullName} lacks layers that it says to have: they are sent again`);
      }
    }
  }

  /** Brings all layers to the repository; undefined when that was only asked about. */
  async #place(
    repository: Repository,
    earlier: readonly EarlierImage[],
    distrusted: ReadonlySet<string>,
    run: PushRun,
  ): Promise<PlacedLayer[] | undefined> {
    const { blobs, learn, dryRun } = this.#options;
    const knowledge = new Knowledge(earlier, learn ? blobs : undefined, this.#options);
    const { layers } = this.#image;
    const found = await inParallel(layers, PARALLEL_QUESTIONS, async (layer, index) => {
      const place = await findLayer(layer, repository, knowledge, distrusted);
      if (dryRun) await run.wouldPlace(layer, index, place?.way);
      if (dryRun || place === undefined) return undefined;
      const placed = await takeFound(layer, place, repository);
      if (placed !== undefined) run.placed(placed, index);
      return placed;
    });
    if (dryRun) return undefined;
    const { report } = this.#options;
    announceAhead(
      layers.filter((_, index) => found[index] === undefined),
      report,
    );
    return inParallel(layers, PARALLEL_UPLOADS, async (layer, index) => {
      const already = found[index];
      if (already !== undefined) return already;
      const watched = new WatchedLayer(layer, { index, of: layers.length }, report);
      let sent = 0;
      const onSent = (bytes: number): void => {
        sent += bytes;
        run.onSent(bytes);
        // A layer that exists is sent as it is, and not streamed.
        if (layer.blob !== undefined) watched.moved(sent, layer.blob.descriptor.size);
      };
      const placed = await sendLayer(watched, repository, {
        ...this.#options,
        blobs,
        onSent,
        ask: distrusted.size === 0,
      });
      run.placed(placed, index);
      return placed;
    });
  }
}

function present<Item>(items: ReadonlyArray<Item | undefined>): Item[] {
  return items.filter((item) => item !== undefined);
}

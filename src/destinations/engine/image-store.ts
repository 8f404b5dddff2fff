import type { EngineImage } from "../../engine/images.ts";
import type { EngineInfo } from "../../engine/info.ts";
import { digestOf } from "../../image/digest.ts";
import type { Image } from "../../image/image.ts";
import { manifestOf } from "../../image/manifest.ts";
import type { EngineMemory } from "./engine-memory.ts";
import type { SharingRule } from "./holdings.ts";

/** How an engine keeps images decides what it can be spared (reference: daemons-and-archives). */
export interface ImageStore {
  readonly name: "classic" | "containerd" | "podman";
  readonly rule: SharingRule;
  /**
   * Whether the image gets its names in the archive; otherwise it is loaded without one, and named
   * when it is there.
   */
  readonly namedByArchive: boolean;
  /** Whether images that varve has not loaded are worth a look. */
  readonly searchable: boolean;
  /** The ID that the engine gives to an image of ours. May be asked when all digests are known. */
  idOf(image: Image): Promise<string>;
  /** Layers that may be left out because the engine has this image, or undefined if none may. */
  layersOf(held: EngineImage, memory: EngineMemory): readonly string[] | undefined;
}

const configId = async (image: Image): Promise<string> => digestOf(await image.config());

/** Docker's own store knows layers by what lies below them, too (section 5). */
const classic: ImageStore = {
  name: "classic",
  rule: "prefix",
  namedByArchive: true,
  searchable: true,
  idOf: configId,
  layersOf: ({ diffIds }) => diffIds,
};

/**
 * containerd's store has blobs (section 6). An image that was pulled has compressed ones, whose
 * digests are not its diffIDs; only of an image that varve has loaded are they known to be the
 * plain tars. Its ID is the manifest's digest, so that it cannot be taken for another.
 *
 * An archive that takes a name from another image has the store collect what only that one held,
 * while it still unpacks: layers that both have vanish under its hands, in every third load on
 * Docker 26. So the old image keeps its name until the new one is complete.
 */
const containerd: ImageStore = {
  name: "containerd",
  rule: "anywhere",
  namedByArchive: false,
  searchable: false,
  idOf: async (image) => {
    const layers = await Promise.all(image.layers.map((layer) => layer.identity()));
    return digestOf(manifestOf(await image.config(), layers, image.annotations));
  },
  layersOf: (held, memory) => (isComplete(held) ? memory.get(held.id) : undefined),
};

/** podman finds any layer by its diffID, but reads an OCI archive of one name only (section 8). */
const podman: ImageStore = {
  name: "podman",
  rule: "anywhere",
  namedByArchive: false,
  searchable: true,
  idOf: configId,
  layersOf: ({ diffIds }) => diffIds,
};

export function imageStoreOf(info: EngineInfo): ImageStore {
  if (info.product === "podman") return podman;
  return info.containerdStore ? containerd : classic;
}

/** Whether all content of the image is there, as far as the engine tells it. */
export function isComplete({ manifests }: EngineImage): boolean {
  return manifests?.some(({ kind, available }) => kind === "image" && !available) !== true;
}

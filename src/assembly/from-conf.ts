import * as fs from "node:fs";
import path from "node:path";
import { TarFileLayer } from "../archives/tar-file-layer.ts";
import { messageOf, VarveError } from "../errors.ts";
import type { Layer, LayerCodingResult } from "../image/layer.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import { parseTimestamp } from "../image/timestamp.ts";
import type { Packer } from "../packing/packer.ts";
import type { ConfLayer, ConfLayerDigest } from "../recipe/conf-layer.ts";
import type { DockerToolsConf } from "../recipe/dockertools-conf.ts";
import type { TarCommon } from "../tar/entry.ts";
import { AssembledImage } from "./assembled-image.ts";
import { openConfBase } from "./conf-base.ts";
import { confLayer, layerStep } from "./conf-layers.ts";
import type { ImageAtOptions } from "./image-at.ts";
import { LinksBelow } from "./links-below.ts";
import type { OpenImage } from "./open-image.ts";
import { storeLayer } from "./store-layers.ts";
import type { StoreView } from "./store-layers.ts";

/**
 * The image that nixpkgs' streaming script makes of the same conf: the same layers, the same
 * config bytes, so the same image ID (reference: dockertools-wire-format). What varve's functions
 * add to a conf adds to the image.
 *
 * @param places how a base is reached that is not a Docker archive
 * @throws VarveError for a base archive or customisation layer that cannot be used
 */
export async function imageFromConf(
  conf: DockerToolsConf,
  packer: Packer,
  store: StoreView,
  places: ImageAtOptions = {},
): Promise<OpenImage> {
  const created = parseTimestamp(conf.created, "created");
  const mtime = parseTimestamp(conf.mtime ?? conf.created, "mtime");
  const common = {
    uid: conf.uid,
    gid: conf.gid,
    uname: conf.uname,
    gname: conf.gname,
    mtime: mtime.seconds,
  };
  refuseForeignPaths(conf);
  const base = await openConfBase(conf, store, places);
  const below = base?.layers ?? [];
  let own: readonly OwnLayer[];
  try {
    own = await ownLayers(conf, common, packer, store, new LinksBelow(below));
  } catch (error) {
    base?.close();
    throw error;
  }
  const image = new AssembledImage({
    architecture: conf.architecture,
    os: "linux",
    created: created.text,
    runtime: base === undefined ? conf.runtime : base.runtimeWith(conf.runtime),
    layers: [...below, ...own.map(({ layer }) => layer)],
    layerSteps: [...below.map(() => undefined), ...own.map(({ step }) => step)],
    archiveTime: mtime.seconds,
    base: base?.content,
    annotations: { ...base?.annotations, ...conf.annotations },
  });
  return { image, close: () => base?.close() };
}

/** A layer of a conf's own, and what its history says beside what all say. */
interface OwnLayer {
  readonly layer: Layer;
  readonly step: JsonObject | undefined;
}

/**
 * All layers above the base's, bottom first. Digests that Nix has found are believed; when bytes
 * are made after all, they are checked against them.
 */
async function ownLayers(
  conf: DockerToolsConf,
  common: TarCommon,
  packer: Packer,
  store: StoreView,
  below: LinksBelow,
): Promise<OwnLayer[]> {
  const { layers, store_layers, customisation_layer, root_layers, layer_digests: digests } = conf;
  const top = customisation_layer === null ? 0 : 1;
  const all = layers.length + store_layers.length + top + root_layers.length;
  if (digests != null && digests.length !== all) {
    throw new VarveError(
      "CONF_INVALID",
      `the conf has ${all} layers, and digests of ${digests.length}`,
    );
  }
  const own: OwnLayer[] = [];
  const digestHere = (): ConfLayerDigest | undefined =>
    packer.believes ? digests?.[own.length] : undefined;
  const addDescribed = async (described: ConfLayer): Promise<void> => {
    const layer = await confLayer(described, common, {
      store,
      packer,
      below,
      digest: digestHere(),
    });
    own.push({ layer, step: layerStep(described) });
  };
  for (const described of layers) await addDescribed(described);
  for (const paths of store_layers) {
    const planned = { paths, reason: "planned by the conf" };
    const digest = digestHere();
    const layer = storeLayer(planned, common, store, packer, digest?.codings);
    if (digest !== undefined) layer.adopt?.({ diffId: digest.diff_id, size: digest.size });
    own.push({ layer, step: undefined });
  }
  if (customisation_layer !== null) {
    const layer = customisationLayer(customisation_layer, store, digestHere()?.codings);
    own.push({ layer, step: undefined });
  }
  for (const described of root_layers) await addDescribed(described);
  return own;
}

function refuseForeignPaths(conf: DockerToolsConf): void {
  const seen = new Set<string>();
  const inLayers = [...conf.layers, ...conf.root_layers].flatMap(({ paths }) => paths);
  for (const storePath of [...conf.store_layers.flat(), ...inLayers]) {
    if (!storePath.startsWith(`${conf.store_dir}/`)) {
      throw new VarveError("CONF_INVALID", `${storePath} is not in the store ${conf.store_dir}`);
    }
    if (seen.has(storePath)) {
      throw new VarveError("CONF_INVALID", `the conf lists ${storePath} twice`);
    }
    seen.add(storePath);
  }
}

/** The folder holds `layer.tar` and its `checksum` (wire format, sections 1 and 5). */
function customisationLayer(
  folder: string,
  store: StoreView,
  codings: readonly LayerCodingResult[] | undefined,
): Layer {
  const located = store.locate(folder);
  const checksumFile = path.join(located, "checksum");
  let checksum: string;
  try {
    checksum = fs.readFileSync(checksumFile, "utf8").trim();
  } catch (error) {
    throw new VarveError(
      "CONF_INVALID",
      `the customisation layer cannot be read: ${messageOf(error)}`,
      { cause: error, hint: "build the image's conf again, or give --store-root" },
    );
  }
  if (!/^[0-9a-f]{64}$/.test(checksum)) {
    throw new VarveError("CONF_INVALID", `${checksumFile} does not hold a SHA-256`);
  }
  return new TarFileLayer({
    file: path.join(located, "layer.tar"),
    diffId: `sha256:${checksum}`,
    paths: [folder],
    reason: "customisation",
    codings,
  });
}

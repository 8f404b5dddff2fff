import * as fs from "node:fs";
import path from "node:path";
import { openDockerArchive } from "../archives/read-archive.ts";
import type { ArchivedImage } from "../archives/read-archive.ts";
import { TarFileLayer } from "../archives/tar-file-layer.ts";
import { messageOf, VarveError } from "../errors.ts";
import { inheritEnvironment } from "../image/config.ts";
import type { Layer } from "../image/layer.ts";
import type { Image } from "../image/image.ts";
import { parseTimestamp } from "../image/timestamp.ts";
import type { Packer } from "../packing/packer.ts";
import type { DockerToolsConf } from "../recipe/dockertools-conf.ts";
import { AssembledImage } from "./assembled-image.ts";
import { storeLayer } from "./store-layers.ts";
import type { StoreView } from "./store-layers.ts";

/** An image, and how to let go of the files behind it. */
export interface OpenImage {
  readonly image: Image;
  readonly close: () => void;
}

/**
 * The image that nixpkgs' streaming script makes of the same conf: the same layers, the same
 * config bytes, so the same image ID (reference: dockertools-wire-format).
 *
 * @throws VarveError for a base archive or customisation layer that cannot be used
 */
export async function imageFromConf(
  conf: DockerToolsConf,
  packer: Packer,
  store: StoreView,
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
  const customisation = customisationLayer(conf.customisation_layer, store);
  const base = await openBase(conf.from_image, store);
  const layers: Layer[] = [
    ...(base?.layers ?? []),
    ...conf.store_layers.map((paths) =>
      storeLayer({ paths, reason: "planned by the conf" }, common, store, packer),
    ),
    customisation,
  ];
  const baseRuntime = base?.config.get("config");
  const image = new AssembledImage({
    architecture: conf.architecture,
    os: "linux",
    created: created.text,
    runtime:
      base === undefined
        ? conf.runtime
        : inheritEnvironment(baseRuntime instanceof Map ? baseRuntime : new Map(), conf.runtime),
    layers,
    archiveTime: mtime.seconds,
  });
  return { image, close: () => base?.close() };
}

async function openBase(
  file: string | null | undefined,
  store: StoreView,
): Promise<ArchivedImage | undefined> {
  return file === null || file === undefined ? undefined : openDockerArchive(store.locate(file));
}

function refuseForeignPaths(conf: DockerToolsConf): void {
  const seen = new Set<string>();
  for (const storePath of conf.store_layers.flat()) {
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
function customisationLayer(folder: string, store: StoreView): Layer {
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
  });
}

import { createHash } from "node:crypto";
import { digestOf, hexOf } from "../image/digest.ts";
import type { Image } from "../image/image.ts";
import { diffIdOf } from "../image/layer.ts";
import { compactGoJson, goJsonMembers } from "../image/go-json.ts";
import { canonicalName } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import { BLOCK_SIZE, HeaderWriter, paddingOf } from "../tar/header.ts";
import type { TarEntryType } from "../tar/entry.ts";
import type { ArchivePart } from "./docker-archive.ts";

const FILE_MODE = 0o444;
const DEVICE_NUMBERS_OFFSET = 329;
const CHECKSUM_OFFSET = 148;
const CHECKSUM_LENGTH = 8;
/** What the description of an image's top layer has of its config. */
const OF_CONFIG = [
  "architecture",
  "config",
  "container",
  "container_config",
  "created",
  "docker_version",
  "os",
] as const;

/**
 * An image as `skopeo copy … docker-archive:` writes it, byte for byte: so that hashes of such
 * archives, as users of dockerTools' pullImage have them in their files, stay true. Layers plain and
 * by their digests, the config, then per layer what Docker before 1.10 read; owners and dates are
 * zero, and nothing but two empty blocks follows (found by comparison, see the tests).
 */
export async function* skopeoArchive(
  image: Image,
  references: readonly Reference[],
): AsyncGenerator<ArchivePart, void, undefined> {
  const config = await image.config();
  const layers = await Promise.all(
    image.layers.map(async (layer) => ({
      layer,
      diffId: await diffIdOf(layer),
    })),
  );
  const held = new Set<string>();
  for (const { layer, diffId } of layers) {
    if (held.has(diffId)) continue;
    held.add(diffId);
    const size = await layer.size();
    yield header(layerFile(diffId), "file", size);
    yield { layer, size };
    yield new Uint8Array(paddingOf(size));
  }
  const configName = `${hexOf(digestOf(config))}.json`;
  yield* file(configName, config);
  const described = describeLayers(
    layers.map(({ diffId }) => diffId),
    config,
  );
  for (const { id, diffId, description } of described) {
    yield header(`${id}/layer.tar`, "symlink", 0, `../${layerFile(diffId)}`);
    yield* file(`${id}/VERSION`, Buffer.from("1.0"));
    yield* file(`${id}/json`, Buffer.from(description));
  }
  const repoTags = references.map(canonicalName);
  const manifest = { Config: configName, RepoTags: repoTags, Layers: layers.map(nameOfLayer) };
  yield* file("manifest.json", Buffer.from(JSON.stringify([manifest])));
  yield* file("repositories", Buffer.from(repositories(repoTags, described.at(-1)?.id)));
  yield new Uint8Array(2 * BLOCK_SIZE);
}

function layerFile(diffId: string): string {
  return `${hexOf(diffId)}.tar`;
}

function nameOfLayer({ diffId }: { readonly diffId: string }): string {
  return layerFile(diffId);
}

interface DescribedLayer {
  readonly id: string;
  readonly diffId: string;
  readonly description: string;
}

/** Each layer's ID follows from those below it, that of the top from the config as well. */
function describeLayers(diffIds: readonly string[], config: Buffer): DescribedLayer[] {
  const described: DescribedLayer[] = [];
  let chain = "";
  for (const [index, diffId] of diffIds.entries()) {
    chain = chain === "" ? diffId : digestOf(Buffer.from(`${chain} ${diffId}`));
    const members = new Map<string, string>();
    const parent = described.at(-1)?.id;
    if (parent !== undefined) members.set("parent", JSON.stringify(parent));
    if (index === diffIds.length - 1) {
      const told = goJsonMembers(config.toString("utf8"));
      for (const key of OF_CONFIG) members.set(key, told.get(key) ?? "null");
    }
    const identity = goObject(new Map([...members, ["layer_id", JSON.stringify(chain)]]));
    const id = createHash("sha256").update(identity).digest("hex");
    const description = goObject(new Map([...members, ["id", JSON.stringify(id)]]));
    described.push({ id, diffId, description });
  }
  return described;
}

/** Keys sorted, as Go writes maps. */
function goObject(members: ReadonlyMap<string, string>): string {
  const sorted = [...members].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${compactGoJson(value)}`).join(",")}}`;
}

function repositories(repoTags: readonly string[], top: string | undefined): string {
  const byName: Record<string, Record<string, string>> = {};
  for (const name of top === undefined ? [] : repoTags.toSorted()) {
    const colon = name.lastIndexOf(":");
    (byName[name.slice(0, colon)] ??= {})[name.slice(colon + 1)] = top!;
  }
  return JSON.stringify(byName);
}

function* file(name: string, bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  yield header(name, "file", bytes.length);
  yield bytes;
  yield new Uint8Array(paddingOf(bytes.length));
}

const headers = new HeaderWriter({ uid: 0, gid: 0, uname: "", gname: "", mtime: 0 });

/** Go's tar writer fills in the device numbers where CPython leaves them empty. */
function header(name: string, type: TarEntryType, size: number, link = ""): Uint8Array {
  const mode = type === "file" ? FILE_MODE : 0;
  const bytes = headers.bytes({ name, type, mode, size, link });
  const block = bytes.subarray(bytes.length - BLOCK_SIZE);
  block.write("0000000\0".repeat(2), DEVICE_NUMBERS_OFFSET, "latin1");
  block.fill(" ", CHECKSUM_OFFSET, CHECKSUM_OFFSET + CHECKSUM_LENGTH);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM_OFFSET, "latin1");
  return bytes;
}

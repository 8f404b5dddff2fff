import * as zlib from "node:zlib";
import { digestOf, hexOf } from "../../../src/image/digest.ts";
import { END_OF_ARCHIVE, rawMember } from "../../tar/support/raw-tar.ts";

/** A tar of one file. */
export function layerTar(name: string, content = `content of ${name}`): Buffer {
  return Buffer.concat([rawMember({ name }, content), END_OF_ARCHIVE]);
}

export const LAYERS: readonly Buffer[] = [layerTar("one"), layerTar("two"), layerTar("three")];

/** A config as some builder writes it, with these layers. */
export function configOf(layers: readonly Buffer[], extra: Record<string, unknown> = {}): Buffer {
  const config = {
    architecture: "amd64",
    os: "linux",
    config: { Env: ["PATH=/bin"], ...extra },
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
  };
  return Buffer.from(JSON.stringify(config));
}

export type Member = readonly [name: string, content: string | Buffer] | Buffer;

/** A tar of these members; those that are bytes stand as they are. */
export function archiveOf(...members: readonly Member[]): Buffer {
  const parts = members.map((member) => {
    if (Buffer.isBuffer(member)) return member;
    const [name, content] = member;
    return rawMember({ name }, content);
  });
  return Buffer.concat([...parts, END_OF_ARCHIVE]);
}

export function manifestJson(
  config: string,
  layers: readonly string[],
  tags: readonly string[] | null = ["name:tag"],
): Member {
  return ["manifest.json", JSON.stringify([{ Config: config, RepoTags: tags, Layers: layers }])];
}

export function link(name: string, target: string, typeFlag: "1" | "2" = "2"): Buffer {
  return rawMember({ name, typeFlag, link: target });
}

export function folder(name: string): Buffer {
  return rawMember({ name, typeFlag: "5", mode: "0000755\0" });
}

/** The first and the third layer are the same. */
export const REPEATED: readonly Buffer[] = [LAYERS[0]!, LAYERS[1]!, LAYERS[0]!];

const CONFIG = configOf(REPEATED);
const CONFIG_HEX = hexOf(digestOf(CONFIG));
const [A, B] = REPEATED.map((layer) => hexOf(digestOf(layer))) as [string, string];
const IDS = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [string, string, string];

/** The same image of three layers, two of them equal, as tools of all ages write it. */
export const ARCHIVES: Readonly<Record<string, Buffer>> = {
  "dockerTools: streamLayeredImage": archiveOf(
    [`${A}/layer.tar`, LAYERS[0]!],
    [`${B}/layer.tar`, LAYERS[1]!],
    [`${A}/layer.tar`, LAYERS[0]!],
    [`${CONFIG_HEX}.json`, CONFIG],
    manifestJson(`${CONFIG_HEX}.json`, [`${A}/layer.tar`, `${B}/layer.tar`, `${A}/layer.tar`]),
  ),
  "docker save 1.10 to 24, repeated layers as symlinks": archiveOf(
    folder(`${IDS[0]}/`),
    [`${IDS[0]}/VERSION`, "1.0"],
    [`${IDS[0]}/json`, "{}"],
    [`${IDS[0]}/layer.tar`, LAYERS[0]!],
    [`${CONFIG_HEX}.json`, CONFIG],
    folder(`${IDS[1]}/`),
    [`${IDS[1]}/layer.tar`, LAYERS[1]!],
    folder(`${IDS[2]}/`),
    link(`${IDS[2]}/layer.tar`, `../${IDS[0]}/layer.tar`),
    manifestJson(
      `${CONFIG_HEX}.json`,
      IDS.map((id) => `${id}/layer.tar`),
    ),
    ["repositories", `{"name":{"tag":"${IDS[2]}"}}`],
  ),
  "docker save since 25, with an OCI layout": archiveOf(
    folder("blobs/"),
    folder("blobs/sha256/"),
    [`blobs/sha256/${A}`, LAYERS[0]!],
    [`blobs/sha256/${B}`, LAYERS[1]!],
    [`blobs/sha256/${CONFIG_HEX}`, CONFIG],
    ["index.json", '{"schemaVersion":2,"manifests":[]}'],
    ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'],
    manifestJson(`blobs/sha256/${CONFIG_HEX}`, [
      `blobs/sha256/${A}`,
      `blobs/sha256/${B}`,
      `blobs/sha256/${A}`,
    ]),
  ),
  "skopeo, symlinks from the old places": archiveOf(
    [`${A}.tar`, LAYERS[0]!],
    link(`${IDS[0]}/layer.tar`, `../${A}.tar`),
    [`${B}.tar`, LAYERS[1]!],
    [`${CONFIG_HEX}.json`, CONFIG],
    manifestJson(`${CONFIG_HEX}.json`, [`${A}.tar`, `${B}.tar`, `${IDS[0]}/layer.tar`]),
  ),
  "kaniko and go-containerregistry, layers compressed": archiveOf(
    [`sha256:${CONFIG_HEX}`, CONFIG],
    [`${A}.tar.gz`, zlib.gzipSync(LAYERS[0]!)],
    [`${B}.tar.gz`, zlib.gzipSync(LAYERS[1]!)],
    manifestJson(`sha256:${CONFIG_HEX}`, [`${A}.tar.gz`, `${B}.tar.gz`, `${A}.tar.gz`]),
  ),
  "tar of a folder, ./ before every name": archiveOf(
    folder("./"),
    manifestJson("config.json", ["./1/layer.tar", "2/layer.tar", "3/./layer.tar"]),
    ["./config.json", CONFIG],
    ["./1/layer.tar", LAYERS[0]!],
    ["././2/layer.tar", LAYERS[1]!],
    link("./3/layer.tar", "./1/layer.tar", "1"),
  ),
  "a symlink from the archive's top, one to another": archiveOf(
    ["config.json", CONFIG],
    ["layers/1.tar", LAYERS[0]!],
    ["layers/2.tar", LAYERS[1]!],
    link("deep/er/3.tar", "../../layers/../layers/1.tar"),
    link("3.tar", "/deep/er/3.tar"),
    manifestJson("config.json", ["layers/1.tar", "layers/2.tar", "3.tar"]),
  ),
};

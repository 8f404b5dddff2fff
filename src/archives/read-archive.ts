import * as v from "valibot";
import { VarveError } from "../errors.ts";
import { digestOf, hexOf } from "../image/digest.ts";
import { ArchiveMembers } from "./archive-members.ts";
import type { ArchivedImage } from "./archived-image.ts";
import { ArchivedLayer } from "./archived-layer.ts";
import { chooseImage } from "./choose-image.ts";
import { isLegacyArchive, readLegacyImage } from "./legacy-archive.ts";
import { parseMember } from "./parse-member.ts";
import { openSeekable } from "./seekable.ts";
import type { SeekableFile } from "./seekable.ts";

const FOREIGN_HINT = "give an archive made by docker save, dockerTools, skopeo or varve";
/** A config is named by its digest in most archives. */
const NAMED_BY_DIGEST = /^(?:.*[/:])?([0-9a-f]{64})(?:\.json)?$/;

const manifestSchema = v.pipe(
  v.array(
    v.object({
      Config: v.string(),
      RepoTags: v.optional(v.nullable(v.array(v.string()))),
      Layers: v.nullable(v.array(v.string())),
    }),
  ),
  v.minLength(1),
);

const configSchema = v.object({
  rootfs: v.object({
    diff_ids: v.nullable(v.array(v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/)))),
  }),
});

/**
 * Opens a Docker archive of any age, as `docker save`, dockerTools, skopeo, podman, kaniko and
 * varve write it, plain or compressed with gzip, zstd, xz or bzip2.
 *
 * @param name which image of several: a name, or `@` and its number from 0 as for skopeo; without
 *   it the first, as dockerTools does (reference: dockertools-wire-format, section 6)
 * @throws VarveError `ARCHIVE_UNREADABLE`, `ARCHIVE_DAMAGED`, `ARCHIVE_FOREIGN`, `IMAGE_UNKNOWN`
 */
export async function openDockerArchive(file: string, name = ""): Promise<ArchivedImage> {
  return readDockerArchive(file, await openSeekable(file), name);
}

/**
 * The same for an archive that is open already, which is closed with the image, or at a failure.
 *
 * @param file names it in errors
 */
export async function readDockerArchive(
  file: string,
  source: SeekableFile,
  name = "",
): Promise<ArchivedImage> {
  try {
    const members = new ArchiveMembers(file, source, FOREIGN_HINT);
    if (members.has("manifest.json")) return read(members, name);
    if (isLegacyArchive(members)) return await readLegacyImage(members, name);
    throw new VarveError("ARCHIVE_FOREIGN", `${file} is not a Docker archive: no manifest.json`, {
      hint: members.has("oci-layout")
        ? `it is an OCI archive: give it as oci-archive:${file}`
        : FOREIGN_HINT,
    });
  } catch (error) {
    source.close();
    throw error;
  }
}

/**
 * How many images a Docker archive has; undefined for an archive of another form.
 *
 * @throws VarveError `ARCHIVE_UNREADABLE`, `ARCHIVE_DAMAGED`, `ARCHIVE_FOREIGN`
 */
export async function countImages(file: string): Promise<number | undefined> {
  const members = await ArchiveMembers.open(file, FOREIGN_HINT);
  try {
    if (!members.has("manifest.json")) return undefined;
    return parseMember(members, "manifest.json", manifestSchema).plain.length;
  } finally {
    members.close();
  }
}

function read(members: ArchiveMembers, name: string): ArchivedImage {
  const { file } = members;
  const manifest = parseMember(members, "manifest.json", manifestSchema).plain;
  const chosen = chooseImage(
    file,
    name,
    manifest.map((image) => ({ image, names: image.RepoTags ?? [] })),
  );
  const { Config: configName, RepoTags: repoTags, Layers: layerNames } = chosen;
  const configBytes = members.bytesOf(configName);
  const expected = NAMED_BY_DIGEST.exec(configName)?.[1];
  if (expected !== undefined && hexOf(digestOf(configBytes)) !== expected) {
    members.damaged(`${configName} is not what its name says`);
  }
  const config = parseMember(members, configName, configSchema);
  const names = layerNames ?? [];
  const diffIds = config.plain.rootfs.diff_ids ?? [];
  if (names.length !== diffIds.length) {
    members.damaged(`it lists ${names.length} layers but ${diffIds.length} digests of layers`);
  }
  const layers = names.map(
    (layer, index) =>
      new ArchivedLayer({
        archive: file,
        fd: members.fd,
        member: members.resolve(layer),
        name: layer,
        diffId: diffIds[index]!,
      }),
  );
  return {
    repoTags: repoTags ?? [],
    configBytes,
    config: config.ordered,
    layers,
    close: () => {
      members.close();
    },
  };
}

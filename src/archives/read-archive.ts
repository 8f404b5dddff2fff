import * as v from "valibot";
import { messageOf, VarveError } from "../errors.ts";
import { digestOf, hexOf } from "../image/digest.ts";
import { isSameName } from "../image/same-name.ts";
import { parseOrderedJson, plainJson } from "../image/ordered-json.ts";
import type { JsonObject, JsonValue } from "../image/ordered-json.ts";
import { byteStringOf } from "../tar/byte-string.ts";
import { readMembers } from "../tar/reader.ts";
import type { TarMember } from "../tar/reader.ts";
import { ArchivedLayer } from "./archived-layer.ts";
import { readAt } from "../io/file-bytes.ts";
import { openSeekable } from "./seekable.ts";
import type { SeekableFile } from "./seekable.ts";

/** An image in a Docker archive, open for reading. Close it when its layers are no longer needed. */
export interface ArchivedImage {
  /** `name:tag`, as the archive lists them. */
  readonly repoTags: readonly string[];
  /** The config's own bytes. */
  readonly configBytes: Buffer;
  /** The config, its order and numbers kept. */
  readonly config: JsonObject;
  readonly layers: readonly ArchivedLayer[];
  close(): void;
}

/** Config and `manifest.json` are names and digests, not content. */
const LARGEST_JSON = 64 << 20;
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
 * Opens a Docker archive, as `docker save`, dockerTools, skopeo and varve write it, plain or
 * compressed with gzip, zstd, xz or bzip2. An archive of several images gives the first, as
 * dockerTools does (reference: dockertools-wire-format, section 6), unless one is named.
 *
 * @param name `name:tag` of the image, with or without registry; empty for the first
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
export function readDockerArchive(file: string, source: SeekableFile, name = ""): ArchivedImage {
  try {
    return read(file, source, name);
  } catch (error) {
    source.close();
    throw error;
  }
}

function read(file: string, source: SeekableFile, wanted: string): ArchivedImage {
  const members = membersOf(file, source);
  const bytesOf = (name: string): Buffer => {
    const member = resolve(file, members, name);
    if (member.size > LARGEST_JSON) damaged(file, `${name} is too large`);
    return readAt(source.fd, member.offset, member.size);
  };
  if (!members.has("manifest.json")) {
    throw new VarveError("ARCHIVE_FOREIGN", `${file} is not a Docker archive: no manifest.json`, {
      hint: members.has("oci-layout")
        ? "it is an OCI archive; `skopeo copy oci-archive:… docker-archive:…` converts it"
        : FOREIGN_HINT,
    });
  }
  const manifest = parseWith(file, "manifest.json", manifestSchema, bytesOf("manifest.json"));
  const entry = entryOf(file, manifest.plain, wanted);
  const { Config: configName, RepoTags: repoTags, Layers: layerNames } = entry;
  const configBytes = bytesOf(configName);
  const expected = NAMED_BY_DIGEST.exec(configName)?.[1];
  if (expected !== undefined && hexOf(digestOf(configBytes)) !== expected) {
    damaged(file, `${configName} is not what its name says`);
  }
  const config = parseWith(file, configName, configSchema, configBytes);
  const names = layerNames ?? [];
  const diffIds = config.plain.rootfs.diff_ids ?? [];
  if (names.length !== diffIds.length) {
    damaged(file, `it lists ${names.length} layers but ${diffIds.length} digests of layers`);
  }
  const layers = names.map(
    (name, index) =>
      new ArchivedLayer({
        archive: file,
        fd: source.fd,
        member: resolve(file, members, name),
        name,
        diffId: diffIds[index]!,
      }),
  );
  return {
    repoTags: repoTags ?? [],
    configBytes,
    config: config.ordered,
    layers,
    close: () => {
      source.close();
    },
  };
}

type ManifestEntry = v.InferOutput<typeof manifestSchema>[number];

function entryOf(file: string, entries: readonly ManifestEntry[], name: string): ManifestEntry {
  const named =
    name === ""
      ? entries[0]
      : entries.find(({ RepoTags: tags }) => tags?.some((tag) => isSameName(tag, name)));
  if (named !== undefined) return named;
  const names = entries.flatMap(({ RepoTags: tags }) => tags ?? []);
  throw new VarveError("IMAGE_UNKNOWN", `${file} has no image called ${name}`, {
    hint: names.length === 0 ? "its images have no names" : `it has ${names.join(", ")}`,
  });
}

function membersOf(file: string, source: SeekableFile): Map<string, TarMember> {
  const members = new Map<string, TarMember>();
  try {
    for (const member of readMembers((at, length) => readAt(source.fd, at, length))) {
      if (member.offset + member.size > source.size) damaged(file, "it ends too early");
      members.set(plainName(member.name), member);
    }
  } catch (error) {
    if (!(error instanceof VarveError) || error.code !== "TAR_DAMAGED") throw error;
    if (members.size > 0) damaged(file, error.message);
    throw new VarveError("ARCHIVE_FOREIGN", `${file} is not an image archive: ${error.message}`, {
      hint: FOREIGN_HINT,
    });
  }
  return members;
}

/** The member of this name; links, as older `docker save` wrote for repeated layers, are followed. */
function resolve(file: string, members: Map<string, TarMember>, name: string): TarMember {
  let at = plainName(byteStringOf(name));
  for (let hops = 0; hops < 8; hops += 1) {
    const member = members.get(at);
    if (member === undefined) damaged(file, `it has no ${name}`);
    if (member.typeFlag === "0" || member.typeFlag === "7") return member;
    if (member.typeFlag === "1") at = plainName(member.link);
    else if (member.typeFlag === "2") at = plainName(linkedName(at, member.link));
    else damaged(file, `${name} is not a file`);
  }
  return damaged(file, `${name} is a link that leads nowhere`);
}

/** Where a symlink leads; an absolute one, from the archive's top. */
function linkedName(name: string, link: string): string {
  return link.startsWith("/") ? link : `${name.slice(0, name.lastIndexOf("/") + 1)}${link}`;
}

/** A name without `.`, `..` and slashes that say nothing. */
function plainName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function parseWith<Schema extends v.GenericSchema>(
  file: string,
  name: string,
  schema: Schema,
  bytes: Buffer,
): { plain: v.InferOutput<Schema>; ordered: JsonObject } {
  let ordered: JsonValue;
  try {
    ordered = parseOrderedJson(bytes.toString("utf8"));
  } catch (error) {
    return damaged(file, `${name} is not JSON: ${messageOf(error)}`);
  }
  const result = v.safeParse(schema, plainJson(ordered));
  if (!result.success) {
    const issue = result.issues[0];
    damaged(file, `${name}: ${v.getDotPath(issue) ?? "the whole"}: ${issue.message}`);
  }
  return { plain: result.output, ordered: ordered instanceof Map ? ordered : new Map() };
}

function damaged(file: string, what: string): never {
  throw new VarveError("ARCHIVE_DAMAGED", `${file} is damaged: ${what}`, {
    hint: "get the file again, or build it anew",
  });
}

import * as v from "valibot";
import { JsonNumber, orderedJson } from "../image/ordered-json.ts";
import type { JsonObject, JsonValue } from "../image/ordered-json.ts";
import type { ArchiveMembers } from "./archive-members.ts";
import { ArchivedLayer } from "./archived-layer.ts";
import { chooseImage } from "./choose-image.ts";
import type { NamedChoice } from "./choose-image.ts";
import { parseMember } from "./parse-member.ts";
import type { ArchivedImage } from "./archived-image.ts";

/**
 * What `docker save` wrote before Docker 1.10: a folder a layer, named by a random ID, with the
 * layer and what the image was when it was its top; `repositories` says which ID is which tag
 * (Docker image specification 1.0).
 */
const DESCRIPTION = /^([0-9a-f]{64})\/json$/;
/** Docker never took more. */
const MOST_LAYERS = 4096;
/** What belongs to the old form alone. */
const OLD_KEYS = new Set(["id", "parent", "Size", "parent_id", "layer_id", "throwaway"]);

const repositoriesSchema = v.record(v.string(), v.record(v.string(), v.string()));

const descriptionSchema = v.object({
  parent: v.optional(v.nullable(v.string())),
  created: v.optional(v.string(), "0001-01-01T00:00:00Z"),
  author: v.optional(v.string(), ""),
  comment: v.optional(v.string(), ""),
  container_config: v.optional(
    v.nullable(v.object({ Cmd: v.optional(v.nullable(v.array(v.string()))) })),
  ),
});

type Description = v.InferOutput<typeof descriptionSchema>;

/** Whether an archive without `manifest.json` is of this form. */
export function isLegacyArchive(members: ArchiveMembers): boolean {
  return idsOf(members).length > 0;
}

/**
 * An image of such an archive, its config made as Docker 1.10 and later made it, so that it has the
 * image ID that it got there. Every layer is read through: nothing says its digest.
 *
 * @throws VarveError `ARCHIVE_DAMAGED`, `IMAGE_UNKNOWN`
 */
export async function readLegacyImage(
  members: ArchiveMembers,
  name: string,
): Promise<ArchivedImage> {
  const choices = choicesOf(members);
  const top = chooseImage(members.file, name, choices);
  const chain = chainOf(members, top);
  const layers: ArchivedLayer[] = [];
  for (const { id } of chain) {
    layers.push(await ArchivedLayer.ofUnknownDigest(members, `${id}/layer.tar`));
  }
  const diffIds = layers.map(({ diffId }) => diffId);
  const { ordered } = parseMember(members, `${top}/json`, descriptionSchema);
  const config = configOf(
    ordered,
    diffIds,
    chain.map(({ description }) => description),
  );
  return {
    repoTags: choices.find(({ image }) => image === top)?.names ?? [],
    configBytes: Buffer.from(goJson(config), "utf8"),
    config,
    layers,
    close: () => {
      members.close();
    },
  };
}

function idsOf(members: ArchiveMembers): string[] {
  return [...members.names()].flatMap((name) => DESCRIPTION.exec(name)?.[1] ?? []);
}

/** The tops of the archive: what has a name, else what is nobody's parent. */
function choicesOf(members: ArchiveMembers): Array<NamedChoice<string>> {
  const tagged = new Map<string, string[]>();
  if (members.has("repositories")) {
    const { plain } = parseMember(members, "repositories", repositoriesSchema);
    for (const [repository, tags] of Object.entries(plain)) {
      for (const [tag, id] of Object.entries(tags)) {
        tagged.set(id, [...(tagged.get(id) ?? []), `${repository}:${tag}`]);
      }
    }
  }
  if (tagged.size > 0) return [...tagged].map(([image, names]) => ({ image, names }));
  const ids = idsOf(members);
  const parents = new Set(
    ids.map((id) => parseMember(members, `${id}/json`, descriptionSchema).plain.parent),
  );
  return ids.filter((id) => !parents.has(id)).map((image) => ({ image, names: [] }));
}

/** The layers under a top, bottom first. */
function chainOf(
  members: ArchiveMembers,
  top: string,
): Array<{ readonly id: string; readonly description: Description }> {
  const chain = [];
  for (let id: string | undefined = top; id !== undefined;) {
    if (chain.length === MOST_LAYERS) members.damaged("its layers are their own parents");
    const description: Description = parseMember(members, `${id}/json`, descriptionSchema).plain;
    chain.push({ id, description });
    id = description.parent || undefined;
  }
  return chain.toReversed();
}

function configOf(
  top: JsonObject,
  diffIds: readonly string[],
  descriptions: readonly Description[],
): JsonObject {
  const own = [...top].filter(([key]) => !OLD_KEYS.has(key));
  const history = descriptions.map((description) => orderedJson(historyOf(description)));
  const rootfs = orderedJson({ type: "layers", diff_ids: diffIds });
  const entries = [...own, ["rootfs", rootfs] as const, ["history", history] as const];
  return new Map<string, JsonValue>(
    entries.toSorted(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
  );
}

function historyOf({ created, author, comment, container_config: made }: Description): object {
  const createdBy = made?.Cmd?.join(" ") ?? "";
  return {
    created: created.replace(/\.?0*Z$/, "Z"),
    ...(author === "" ? {} : { author }),
    ...(createdBy === "" ? {} : { created_by: createdBy }),
    ...(comment === "" ? {} : { comment }),
  };
}

/** JSON as Go writes it, which escapes what could be mistaken for HTML. */
function goJson(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.literal;
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, member]) => `${goJson(key)}:${goJson(member)}`).join(",")}}`;
  }
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

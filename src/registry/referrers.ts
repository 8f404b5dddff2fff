import * as v from "valibot";
import { VarveError } from "../errors.ts";
import type { Descriptor } from "../image/descriptor.ts";
import { digestOf } from "../image/digest.ts";
import { MEDIA_TYPE } from "../image/media-types.ts";
import { jsonOf, pagesOf, strange } from "./pages.ts";
import type { Repository } from "./repository.ts";

/** A manifest that refers to another one: a signature, an SBOM, an attestation. */
export interface Referrer extends Descriptor {
  readonly artifactType?: string | undefined;
}

const descriptorSchema = v.looseObject({
  mediaType: v.string(),
  digest: v.string(),
  size: v.number(),
  artifactType: v.exactOptional(v.string()),
  annotations: v.exactOptional(v.record(v.string(), v.string())),
});

const indexSchema = v.object({ manifests: v.nullable(v.array(descriptorSchema)) });

const manifestSchema = v.object({
  mediaType: v.string(),
  artifactType: v.optional(v.string()),
  config: v.optional(v.object({ mediaType: v.string() })),
  subject: v.object({ digest: v.string() }),
  annotations: v.optional(v.record(v.string(), v.string())),
});

/** What registries without the referrers API say to it. */
const NO_API = [400, 404, 405, 501];
/** The last change of each fallback index that is under way in this process. */
const underWay = new Map<string, Promise<void>>();
/** Times that the fallback index is written when somebody else writes it, too. */
const MOST_ROUNDS = 5;

/**
 * What refers to a manifest (OCI distribution-spec, "Listing Referrers"): by the API, and where
 * there is none, by the index under the fallback tag.
 *
 * @param artifactType only those of this type
 */
export async function listReferrers(
  repository: Repository,
  digest: string,
  artifactType?: string,
): Promise<Referrer[]> {
  const all =
    (await fromApi(repository, digest, artifactType)) ??
    (await fromFallback(repository, digest)) ??
    [];
  // A registry need not filter, and says so only by a header that is missing.
  return artifactType === undefined
    ? all
    : all.filter((referrer) => referrer.artifactType === artifactType);
}

/**
 * Puts a manifest that has a `subject` under its digest. Where the registry does not keep account
 * of it, this is done in the index under the fallback tag (OCI distribution-spec, "Pushing
 * Manifests with Subject"). Registries have claimed the first without doing it: they are asked.
 *
 * @returns the manifest's descriptor, as lists of referrers have it
 * @throws RegistryError
 */
export async function putReferrer(repository: Repository, bytes: Buffer): Promise<Referrer> {
  const { subject, ...manifest } = v.parse(manifestSchema, JSON.parse(bytes.toString("utf8")));
  const { mediaType, annotations } = manifest;
  const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
  const referrer: Referrer = {
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const told = await repository.pushManifest(referrer.digest, bytes, mediaType);
  const isKept =
    told.subject === subject.digest && (await fromApi(repository, subject.digest)) !== undefined;
  if (!isKept) {
    await oneByOne(`${repository.fullName}@${subject.digest}`, () =>
      addToFallback(repository, subject.digest, referrer),
    );
  }
  return referrer;
}

/** `sha256-0123…`: the tag that stands for the list where there is no API. */
export function fallbackTagOf(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm.slice(0, 32)}-${hex.slice(0, 64)}`;
}

/** Undefined when the registry has no such API, or something else answers there. */
async function fromApi(
  repository: Repository,
  digest: string,
  artifactType?: string,
): Promise<Referrer[] | undefined> {
  const query =
    artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  let found: Referrer[] | undefined;
  for await (const page of pagesOf(
    repository,
    repository.at(`referrers/${digest}${query}`),
    NO_API,
  )) {
    const type = page.headers["content-type"]?.split(";", 1)[0]?.trim();
    if (found === undefined && type !== MEDIA_TYPE.index) return undefined;
    const referrers = referrersIn(jsonOf(page));
    if (referrers === undefined) throw strange(page.url, "the answer is no index");
    found = [...(found ?? []), ...referrers];
  }
  return found;
}

async function fromFallback(
  repository: Repository,
  digest: string,
): Promise<Referrer[] | undefined> {
  const tag = fallbackTagOf(digest);
  const index = await repository.readManifest(tag);
  if (index === undefined) return undefined;
  const isIndex = index.mediaType === MEDIA_TYPE.index;
  const referrers = isIndex ? referrersIn(JSON.parse(index.bytes.toString("utf8"))) : undefined;
  if (referrers !== undefined) return referrers;
  throw new VarveError(
    "REGISTRY_REFERRERS",
    `${repository.fullName}:${tag} is no index of what refers to ${digest}`,
    { hint: "something else has taken this tag, which the specification reserves: delete it" },
  );
}

function referrersIn(index: unknown): Referrer[] | undefined {
  const read = v.safeParse(indexSchema, index);
  return read.success ? (read.output.manifests ?? []) : undefined;
}

async function oneByOne(name: string, change: () => Promise<void>): Promise<void> {
  const before = underWay.get(name) ?? Promise.resolve();
  const own = before.catch(() => undefined).then(change);
  underWay.set(name, own);
  try {
    await own;
  } finally {
    if (underWay.get(name) === own) underWay.delete(name);
  }
}

/**
 * Reads, adds, writes, and looks whether it is there. Registries know no lock: when another
 * machine does the same in the same moment, one of both may be lost, as the specification says.
 */
async function addToFallback(
  repository: Repository,
  digest: string,
  referrer: Referrer,
): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const known = (await fromFallback(repository, digest)) ?? [];
    if (known.some((other) => other.digest === referrer.digest)) return;
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.index,
      manifests: [...known, referrer],
    };
    const bytes = Buffer.from(JSON.stringify(index));
    await repository.putManifest(fallbackTagOf(digest), bytes, MEDIA_TYPE.index);
  }
  throw new VarveError(
    "REGISTRY_REFERRERS",
    `${repository.fullName}:${fallbackTagOf(digest)}: others change it at the same time`,
    { hint: "try again" },
  );
}

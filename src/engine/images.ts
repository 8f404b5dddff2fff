import * as v from "valibot";
import { isOlder } from "./api-version.ts";
import { exchange, exchangeJson, refusalOf } from "./exchange.ts";
import type { CallOptions } from "./exchange.ts";
import type { Ping } from "./ping.ts";
import type { EngineRequest, Transport } from "./transport.ts";

/** An image in an engine's list. */
export interface ListedImage {
  /** `sha256:…`: digest of the config in the classic store, of manifest or index in containerd's. */
  readonly id: string;
  /** E.g. `redis-webserver:latest`; none if it is dangling. */
  readonly tags: readonly string[];
  /** When it was made, seconds since 1970. */
  readonly created: number;
  /** Bytes. */
  readonly size: number;
}

/** An image as an engine describes it. */
export interface EngineImage {
  readonly id: string;
  readonly tags: readonly string[];
  /** DiffIDs from the bottom up. */
  readonly diffIds: readonly string[];
  readonly os: string;
  readonly architecture: string;
  readonly size: number;
  /**
   * Its manifests, where the engine tells them (containerd store, API 1.48 or newer): whether all
   * content of each is there.
   */
  readonly manifests: readonly EngineManifest[] | undefined;
}

interface EngineManifest {
  readonly digest: string;
  /** `image`, `attestation` or `unknown`. */
  readonly kind: string;
  readonly available: boolean;
}

const tagsSchema = v.nullish(v.array(v.string()), []);

const listSchema = v.array(
  v.object({
    Id: v.string(),
    RepoTags: tagsSchema,
    Created: v.optional(v.number(), 0),
    Size: v.optional(v.number(), 0),
  }),
);

const imageSchema = v.object({
  Id: v.string(),
  RepoTags: tagsSchema,
  Os: v.optional(v.string(), ""),
  Architecture: v.optional(v.string(), ""),
  Size: v.optional(v.number(), 0),
  RootFS: v.optional(v.object({ Layers: v.nullish(v.array(v.string()), []) }), {}),
  Manifests: v.nullish(
    v.array(
      v.object({
        Descriptor: v.object({ digest: v.string() }),
        Kind: v.optional(v.string(), "unknown"),
        Available: v.optional(v.boolean(), false),
      }),
    ),
  ),
});

/** All images that are not only steps of a build. */
export async function listImages(
  transport: Transport,
  { apiVersion }: Ping,
  options?: CallOptions,
): Promise<ListedImage[]> {
  const request = { method: "GET", path: `/v${apiVersion}/images/json` } as const;
  const found = await exchangeJson(transport, request, listSchema, options);
  return (found ?? []).map((image) => ({
    id: prefixed(image.Id),
    tags: namesOf(image.RepoTags),
    created: image.Created,
    size: image.Size,
  }));
}

/** The image of that name or ID, or undefined if the engine has none. */
export async function inspectImage(
  transport: Transport,
  { apiVersion }: Ping,
  reference: string,
  options?: CallOptions,
): Promise<EngineImage | undefined> {
  const query = isOlder(apiVersion, "1.48") ? "" : "?manifests=1";
  const path = `/v${apiVersion}/images/${imagePath(reference)}/json${query}`;
  const found = await exchangeJson(transport, { method: "GET", path }, imageSchema, options);
  return (
    found && {
      id: prefixed(found.Id),
      tags: namesOf(found.RepoTags),
      diffIds: found.RootFS.Layers ?? [],
      os: found.Os,
      architecture: found.Architecture,
      size: found.Size,
      manifests: found.Manifests?.map((manifest) => ({
        digest: manifest.Descriptor.digest,
        kind: manifest.Kind,
        available: manifest.Available,
      })),
    }
  );
}

/** Gives an image one more name. */
export async function tagImage(
  transport: Transport,
  { apiVersion }: Ping,
  names: { readonly source: string; readonly repository: string; readonly tag: string },
  options?: CallOptions,
): Promise<void> {
  const query = new URLSearchParams({ repo: names.repository, tag: names.tag });
  const path = `/v${apiVersion}/images/${imagePath(names.source)}/tag?${query.toString()}`;
  await succeed(transport, { method: "POST", path }, options);
}

/** Takes the name away, and with the last name the image. */
export async function removeImage(
  transport: Transport,
  { apiVersion }: Ping,
  reference: string,
  options?: CallOptions,
): Promise<void> {
  const path = `/v${apiVersion}/images/${imagePath(reference)}`;
  await succeed(transport, { method: "DELETE", path }, options);
}

async function succeed(
  transport: Transport,
  request: EngineRequest,
  options: CallOptions | undefined,
): Promise<void> {
  const answer = await exchange(transport, request, options);
  if (answer.status < 200 || answer.status > 299) throw refusalOf(transport, request, answer);
}

/** The slashes of a name stay, as the API's routes expect. */
export function imagePath(reference: string): string {
  return reference.split("/").map(encodeURIComponent).join("/");
}

/** podman's IDs come without their algorithm. */
function prefixed(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? `sha256:${id}` : id;
}

/** Docker before 24 lists a dangling image under this name. */
function namesOf(tags: readonly string[] | null | undefined): readonly string[] {
  return (tags ?? []).filter((tag) => tag !== "<none>:<none>");
}

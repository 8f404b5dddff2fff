import { VarveError } from "../errors.ts";
import { MemberFraming } from "../archives/member-framing.ts";
import { contentLinks, isForeign } from "../image/content-links.ts";
import type { ContentLinks, LinkedDescriptor } from "../image/content-links.ts";
import type { ContentSource, StoredManifest } from "../image/content-store.ts";
import { hexOf } from "../image/digest.ts";
import { ociLayerType } from "../image/layer-types.ts";
import { MEDIA_TYPE } from "../image/media-types.ts";
import { LAYOUT_FILE } from "./layout-file.ts";
import { LayoutIndex } from "./layout-index.ts";
import type { EntryNames } from "./layout-index.ts";

/** An image, an index or an artifact for an archive, and its names there. */
export interface ArchiveContent {
  readonly manifest: StoredManifest;
  /** None: it is in the archive without a name. */
  readonly names: readonly EntryNames[];
}

/** What a manifest or index is, and leads to. */
interface Node {
  readonly manifest: StoredManifest;
  readonly links: ContentLinks;
}

/** All that goes into an archive, each once. */
interface Collected {
  readonly nodes: Map<string, Node>;
  readonly blobs: Map<string, LinkedDescriptor>;
}

const LAYER_TYPES = new Set<string>([MEDIA_TYPE.layer, MEDIA_TYPE.layerGzip, MEDIA_TYPE.layerZstd]);
const CONFIG_TYPES = new Set<string>([MEDIA_TYPE.config, MEDIA_TYPE.dockerConfig]);
/** Seconds since 1970 that every member bears. */
const MTIME = 0;

/**
 * Images as an OCI archive: their manifests and blobs as they are, compressed layers included. The
 * same content makes the same bytes. Where each is one image of a single platform, `manifest.json`
 * makes it a hybrid archive, which older Docker engines load, too
 * (reference: daemons-and-archives, section 3).
 *
 * @throws VarveError `IMAGE_INCOMPLETE`, and whatever the source throws
 */
export async function* ociArchive(
  source: ContentSource,
  contents: readonly ArchiveContent[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const collected: Collected = { nodes: new Map(), blobs: new Map() };
  for (const { manifest } of contents) await collect(source, manifest, collected);
  const framing = new MemberFraming(MTIME);
  yield* framing.file("oci-layout", Buffer.from(LAYOUT_FILE));
  yield* framing.file("index.json", indexFor(contents));
  const docker = dockerManifest(contents, collected);
  if (docker !== undefined) yield* framing.file("manifest.json", docker);
  for (const { manifest } of collected.nodes.values()) {
    yield* framing.file(memberOf(manifest.digest), manifest.bytes);
  }
  for (const blob of collected.blobs.values()) {
    yield framing.header(memberOf(blob.digest), blob.size);
    yield* inLength(source.openBlob(blob), blob, source);
    yield framing.padding(blob.size);
  }
  yield framing.end();
}

async function collect(
  source: ContentSource,
  manifest: StoredManifest,
  collected: Collected,
): Promise<void> {
  if (collected.nodes.has(manifest.digest)) return;
  const links = contentLinks(manifest, `${source.fullName}@${manifest.digest}`);
  collected.nodes.set(manifest.digest, { manifest, links });
  for (const blob of [links.config, ...links.layers]) {
    if (blob !== undefined && !isForeign(blob)) collected.blobs.set(blob.digest, blob);
  }
  for (const child of links.manifests) {
    const found = await source.readManifest(child.digest);
    if (found !== undefined) await collect(source, found, collected);
    else if (await source.hasBlob(child.digest)) collected.blobs.set(child.digest, child);
    else throw incomplete(source, `${manifest.digest} lists ${child.digest}, which is not there`);
  }
}

function indexFor(contents: readonly ArchiveContent[]): Buffer {
  const entries = contents.flatMap(({ manifest, names }) => {
    const { mediaType, digest, bytes } = manifest;
    const descriptor = { mediaType, digest, size: bytes.length };
    const all = names.length === 0 ? [{ name: "" }] : names;
    return all.flatMap((each) => new LayoutIndex("", []).with(descriptor, each).entries);
  });
  return new LayoutIndex("", entries).bytes();
}

/** Undefined when it cannot say what the layout says. */
function dockerManifest(
  contents: readonly ArchiveContent[],
  { nodes }: Collected,
): Buffer | undefined {
  const entries: object[] = [];
  for (const { manifest, names } of contents) {
    const image = onlyImage(manifest.digest, nodes);
    if (image?.links.config === undefined || !isForDocker(image.links)) return undefined;
    const { config, layers } = image.links;
    entries.push({
      Config: memberOf(config.digest),
      RepoTags: names.flatMap(({ fullName }) => (fullName === undefined ? [] : short(fullName))),
      Layers: layers.map(({ digest }) => memberOf(digest)),
    });
  }
  return Buffer.from(JSON.stringify(entries), "utf8");
}

/** An image, or the only one of an index beside its attestations. */
function onlyImage(digest: string, nodes: ReadonlyMap<string, Node>): Node | undefined {
  const node = nodes.get(digest);
  if (node === undefined || !node.links.isIndex) return node;
  const images = node.links.manifests.filter(
    ({ platform, artifactType }) => platform?.os !== "unknown" && artifactType === undefined,
  );
  return images.length === 1 ? onlyImage(images[0]!.digest, nodes) : undefined;
}

function isForDocker({ config, layers, artifactType }: ContentLinks): boolean {
  return (
    artifactType === undefined &&
    CONFIG_TYPES.has(config?.mediaType ?? "") &&
    layers.every((layer) => LAYER_TYPES.has(ociLayerType(layer.mediaType)))
  );
}

/** As Docker lists it: `app:1.0` for `docker.io/library/app:1.0`. */
function short(fullName: string): string {
  return fullName.replace(/^docker\.io\/(?:library\/(?=[^/]+$))?/, "");
}

function memberOf(digest: string): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** A blob's bytes, refused when there are more or fewer than its header says. */
async function* inLength(
  chunks: AsyncIterable<Uint8Array>,
  { digest, size }: LinkedDescriptor,
  source: ContentSource,
): AsyncGenerator<Uint8Array, void, undefined> {
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > size) break;
    yield chunk;
  }
  if (total !== size) throw incomplete(source, `${digest} does not have its ${size} bytes`);
}

function incomplete({ fullName }: ContentSource, what: string): VarveError {
  return new VarveError("IMAGE_INCOMPLETE", `${fullName}: ${what}`, {
    hint: "get the image again, or name one platform of it",
  });
}

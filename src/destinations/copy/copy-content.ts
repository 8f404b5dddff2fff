import { VarveError } from "../../errors.ts";
import { isForeign } from "../../image/content-links.ts";
import type { LinkedDescriptor } from "../../image/content-links.ts";
import type { BlobWay, ContentSource, ContentStore } from "../../image/content-store.ts";
import { digestOf, isDigest } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";
import type { ReportProgress } from "../../progress/events.ts";
import { inParallel } from "../layers/parallel.ts";
import { lackedBlobs, MOST_ROUNDS } from "../registry/lacked-blobs.ts";
import { imageForPlatform } from "../../image/choose-image.ts";
import { readRoot } from "../../image/content-node.ts";
import { readGraph } from "./content-graph.ts";
import type { ContentNode } from "../../image/content-node.ts";
import type { ContentGraph } from "./content-graph.ts";
import { CopyRun } from "./copy-run.ts";
import type { CopiedContent } from "./copy-run.ts";

export interface CopyOptions {
  /** What it is called at its new place: tags; a digest, for no tag. */
  readonly versions: readonly string[];
  /** The one image of an index that is wanted; all of it otherwise. */
  readonly platform?: Platform | undefined;
  /** Say what would be copied, and copy nothing. */
  readonly dryRun?: boolean;
  readonly report: ReportProgress;
}

/** Questions about blobs that are on their way at a time. */
const PARALLEL_QUESTIONS = 32;
/** Blobs that are on their way at a time: one alone does not fill a network. */
const PARALLEL_BLOBS = 6;
const PARALLEL_MANIFESTS = 8;

/**
 * Copies an image, an index or an artifact from one place to another as it is: every byte, every
 * digest. What is there already stays; what leads to something goes after it; the name goes last,
 * so that it never stands for something incomplete.
 *
 * @param version which of the source's
 * @throws VarveError `IMAGE_UNKNOWN`, `IMAGE_INCOMPLETE`, `PLATFORM_ABSENT`, and what the places throw
 */
export async function copyContent(
  source: ContentSource,
  version: string,
  store: ContentStore,
  options: CopyOptions,
): Promise<CopiedContent> {
  const found = await readRoot(source, version);
  const { platform } = options;
  const root = platform === undefined ? found : await imageForPlatform(source, found, platform);
  return copyFrom(source, root, store, options);
}

/** The same, from a manifest that has been read already. */
export async function copyFrom(
  source: ContentSource,
  root: ContentNode,
  store: ContentStore,
  options: CopyOptions,
): Promise<CopiedContent> {
  const { versions, report, dryRun = false } = options;
  refuseOtherDigest(root, versions);
  const graph = await readGraph(source, root);
  const run = new CopyRun(source, store, graph, report);
  await copyBlobs(source, store, graph, run, dryRun);
  if (dryRun) return run.finish(versions, dryRun);
  for (let round = 1; ; round += 1) {
    try {
      await putManifests(store, graph, versions);
      return run.finish(versions, dryRun);
    } catch (error) {
      const lacked = lackedBlobs(error, run.assumed(), round);
      if (lacked === undefined || store.takeBlobAnew === undefined || round === MOST_ROUNDS) {
        throw withForeignHint(error, graph);
      }
      run.note(`${store.fullName} lacks blobs that it says to have: they are sent again`);
      const anew = new Set(lacked);
      const missing = numbered(graph.blobs).filter(({ blob }) => anew.has(blob.digest));
      await sendBlobs(missing, run, async (blob, onSent) => {
        await store.takeBlobAnew!(blob, source, onSent);
        return "sent";
      });
    }
  }
}

/** A blob and its place among those of what is copied. */
interface NumberedBlob {
  readonly blob: LinkedDescriptor;
  readonly index: number;
}

function numbered(blobs: readonly LinkedDescriptor[]): NumberedBlob[] {
  return blobs.map((blob, index) => ({ blob, index }));
}

/** What others need goes first, the names last. */
async function putManifests(
  store: ContentStore,
  { root, steps }: ContentGraph,
  versions: readonly string[],
): Promise<void> {
  const { digest } = root.manifest;
  for (const step of steps) {
    await inParallel(step, PARALLEL_MANIFESTS, async ({ manifest }) => {
      if (manifest.digest !== digest) await putUnlessThere(store, manifest.digest, manifest);
    });
  }
  const names = versions.length === 0 ? [digest] : versions;
  for (const name of names) await putUnlessThere(store, name, root.manifest);
}

/** Many registries want every layer to be theirs, and do not say that this is the reason. */
function withForeignHint(error: unknown, { blobs }: ContentGraph): unknown {
  const isPlain = error instanceof VarveError && error.hint === undefined;
  if (!isPlain || !blobs.some(isForeign)) return error;
  return new VarveError(error.code, error.message, {
    cause: error,
    hint: "it has layers that are kept elsewhere, which this registry may not allow",
  });
}

function refuseOtherDigest({ manifest }: ContentNode, versions: readonly string[]): void {
  const other = versions.find((name) => isDigest(name) && name !== manifest.digest);
  if (other === undefined) return;
  throw new VarveError("DIGEST_OTHER", `what is copied is ${manifest.digest}, not ${other}`, {
    hint: "give a tag, or no digest at all",
  });
}

async function copyBlobs(
  source: ContentSource,
  store: ContentStore,
  { blobs }: ContentGraph,
  run: CopyRun,
  dryRun: boolean,
): Promise<void> {
  const missing: NumberedBlob[] = [];
  await inParallel(numbered(blobs), PARALLEL_QUESTIONS, async ({ blob, index }) => {
    if (await store.hasBlob(blob.digest)) run.blob(index, { way: "present", sent: 0, seconds: 0 });
    else if (isForeign(blob)) run.blob(index, { way: "foreign", sent: 0, seconds: 0 });
    else missing.push({ blob, index });
  });
  missing.sort((one, other) => one.index - other.index);
  if (dryRun) {
    const way = store.neighbourName?.(source) === undefined ? "sent" : "mounted";
    for (const { index } of missing) run.blob(index, { way, sent: undefined, seconds: 0 });
    return;
  }
  run.ahead(missing.map(({ blob }) => blob));
  await sendBlobs(missing, run, (blob, onSent) => takeBlob(source, store, blob, onSent));
}

async function sendBlobs(
  missing: readonly NumberedBlob[],
  run: CopyRun,
  send: (blob: LinkedDescriptor, onSent: (bytes: number) => void) => Promise<BlobWay>,
): Promise<void> {
  await inParallel(missing, PARALLEL_BLOBS, async ({ blob, index }) => {
    const begun = performance.now();
    let sent = 0;
    const way = await send(blob, (bytes) => {
      sent += bytes;
      run.onSent(bytes);
      run.moving(index, sent);
    });
    run.blob(index, { way, sent, seconds: (performance.now() - begun) / 1000 });
  });
}

/** A blob may stand in its descriptor (OCI image-spec, descriptor.md, `data`). */
function takeBlob(
  source: ContentSource,
  store: ContentStore,
  blob: LinkedDescriptor,
  onSent: (bytes: number) => void,
): Promise<BlobWay> {
  const data = blob.data === undefined ? undefined : Buffer.from(blob.data, "base64");
  return data !== undefined && digestOf(data) === blob.digest
    ? store.putBlob(data, onSent)
    : store.takeBlob(blob, source, onSent);
}

/** A registry may forbid to put again what is there. In a layout an image may have no name. */
async function putUnlessThere(
  store: ContentStore,
  version: string,
  { bytes, digest, mediaType }: ContentNode["manifest"],
): Promise<void> {
  const there = version === "" ? undefined : await store.readManifest(version);
  if (there?.digest === digest) return;
  await store.putManifest(version, bytes, mediaType);
}

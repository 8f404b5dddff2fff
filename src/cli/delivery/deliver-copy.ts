import { skopeoArchive } from "../../archives/skopeo-archive.ts";
import { copyFrom } from "../../destinations/copy/copy-content.ts";
import { copyReferrers } from "../../destinations/copy/copy-referrers.ts";
import { deliverArchive } from "../../destinations/delivery.ts";
import { loadIntoEngine } from "../../destinations/engine/load-into-engine.ts";
import { planLoad } from "../../destinations/engine/load-plan.ts";
import type { LoadPlan } from "../../destinations/engine/load-plan.ts";
import { deliverToLayout } from "../../destinations/oci-layout/deliver-to-layout.ts";
import { entryNames } from "../../destinations/oci-layout/entry-names.ts";
import { writeWholeFile } from "../../destinations/output-file.ts";
import { pushImage } from "../../destinations/registry/push-image.ts";
import { writeArchive } from "../../destinations/write-archive.ts";
import { connectEngine } from "../../engine/client.ts";
import type { EngineClient } from "../../engine/client.ts";
import { imageForPlatform, imageIn } from "../../image/choose-image.ts";
import { readRoot } from "../../image/content-node.ts";
import type { ContentNode } from "../../image/content-node.ts";
import type { ContentSource } from "../../image/content-store.ts";
import { digestOf } from "../../image/digest.ts";
import type { Platform } from "../../image/platform.ts";
import { familiarName, parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import { ociArchive } from "../../oci-layout/write-oci-archive.ts";
import { BlobDigests } from "../../packing/blob-digests.ts";
import { compressionByName } from "../../packing/codec/compression.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import { DigestStore } from "../../packing/digest-store.ts";
import { shownLocation } from "../../transports/location.ts";
import type { Location } from "../../transports/location.ts";
import { isStoreLocation } from "../../transports/open-store.ts";
import type { StoreLocation } from "../../transports/open-store.ts";
import { formatBytes } from "../../wording/format.ts";
import type { Session } from "../session.ts";
import type { ArchiveForm } from "./archive-form.ts";
import { namesAt } from "./names-at.ts";
import type { OpenPlace, Places } from "./places.ts";
import { standardOutputForImage } from "./standard-output.ts";

export interface DeliverOptions {
  readonly places: Places;
  readonly session: Session;
  /** The one image that is wanted of an index. */
  readonly platform: Platform | undefined;
  /** Without a platform: whether all of an index is wanted, where that is possible. */
  readonly all: boolean;
  readonly dryRun: boolean;
  /** How layers are compressed that are not yet. */
  readonly compression: Compression;
  readonly level: number | undefined;
  /** Whether what refers to the image comes along. */
  readonly referrers?: boolean;
  /** How a Docker archive is written. [hybrid] */
  readonly archiveForm?: ArchiveForm;
  /** Names instead of those that it has. */
  readonly names?: readonly Reference[] | undefined;
}

/** What was delivered: its reference, for standard output, and all there is to say. */
export interface DeliveredCopy {
  /** Undefined when nothing shall be printed. */
  readonly reference: string | undefined;
  readonly metadata: object;
}

/** Level of gzip unless asked otherwise: that of pushes, so that the blobs are the same. */
const USUAL_GZIP_LEVEL = 3;

type FileLocation = Extract<Location, { readonly file: string }>;

/** Brings an image from a place to another, as it is wherever both places allow that. */
export async function deliverCopy(
  from: Location,
  to: Location,
  options: DeliverOptions,
): Promise<DeliveredCopy> {
  if (to.kind === "docker-daemon") return intoEngine(from, to.name, options);
  const opened = to.kind === "docker-archive" ? undefined : await options.places.open(from);
  if (opened?.kind === "content") {
    return isStoreLocation(to)
      ? contentToStore(opened, to, options)
      : contentToArchive(from, opened, to, options);
  }
  if (!isStoreLocation(to)) return imageToArchive(from, to, options);
  return imageToStore(from, to, options);
}

/** Between places that keep manifests and blobs everything stays the same. */
async function contentToStore(
  opened: Extract<OpenPlace, { kind: "content" }>,
  to: StoreLocation,
  options: DeliverOptions,
): Promise<DeliveredCopy> {
  const { places, session, dryRun } = options;
  const root = await wantedNode(opened, options);
  const { store, version, byDigest } = await places.store(to);
  const { report } = session;
  const copied = await copyFrom(opened.source, root, store, {
    versions: [version],
    dryRun,
    report,
  });
  if (dryRun) return { reference: undefined, metadata: copied };
  const referrers =
    options.referrers === true ? await copyReferrers(opened.source, copied, store, report) : [];
  return { reference: byDigest(copied.digest), metadata: { ...copied, referrers } };
}

/** Of an index all of it, or the image for a platform. */
async function wantedNode(
  { source, version }: { readonly source: ContentSource; readonly version: string },
  { platform, all }: DeliverOptions,
): Promise<ContentNode> {
  const root = await readRoot(source, version);
  if (platform !== undefined) return imageForPlatform(source, root, platform);
  return all ? root : imageIn(source, root);
}

async function contentToArchive(
  from: Location,
  opened: Extract<OpenPlace, { kind: "content" }>,
  to: FileLocation,
  options: DeliverOptions,
): Promise<DeliveredCopy> {
  const { source } = opened;
  const { manifest } = await wantedNode(opened, options);
  const { digest, mediaType } = manifest;
  const references = options.names ?? namesAt(to, []) ?? namesAt(from, []) ?? [];
  // A bare tag is a name in an OCI archive, as in a layout.
  const version = to.kind === "oci-archive" ? to.version : "";
  const names = entryNames(references, version);
  const parts = ociArchive(source, [{ manifest, names }]);
  const written = await writeFile(to.file, parts, options);
  if (!options.dryRun)
    options.session.announcer.note(`${to.file}: ${formatBytes(written)} written`);
  const known = { file: to.file, references: references.map(familiarName), digest, mediaType };
  return { reference: shownFile(to.file, digest), metadata: { ...known, written } };
}

/** What has no manifest yet gets one: its config stays, its layers are compressed. */
async function imageToStore(
  from: Location,
  to: StoreLocation,
  options: DeliverOptions,
): Promise<DeliveredCopy> {
  const { places, session, platform, dryRun } = options;
  const { image, repoTags } = await places.image(from, platform);
  const note = "the source has no manifest: layers are compressed, the digest is new";
  session.announcer.note(note);
  const coding = {
    compression: options.compression,
    level: options.level,
    compressor: () => session.compressor(),
    blobs: new BlobDigests(new DigestStore()),
    learn: true,
    report: session.report,
  };
  if (to.kind === "registry") {
    const pushed = await pushImage(image, [parseReference(to.name)], {
      ...coding,
      cacheFrom: [],
      connection: places.connection,
      dryRun,
    });
    return { reference: pushed.digests[0], metadata: pushed };
  }
  if (dryRun) {
    session.announcer.note(`${shownLocation(to)} would be written`);
    return { reference: undefined, metadata: { dryRun } };
  }
  const { store, version, byDigest } = places.layout(to);
  const level = options.level ?? (options.compression === "gzip" ? USUAL_GZIP_LEVEL : undefined);
  const names = version === "" ? (namesAt(from, repoTags) ?? []) : [];
  const delivery = await deliverToLayout(image, names, store, { ...coding, level, version });
  return { reference: byDigest(delivery.digest), metadata: delivery };
}

/** A hybrid archive with plain layers, which every engine loads. */
async function imageToArchive(
  from: Location,
  to: Location,
  options: DeliverOptions,
): Promise<DeliveredCopy> {
  const { file } = to as FileLocation;
  const isSkopeo = options.archiveForm === "skopeo";
  const platform = isSkopeo ? await platformInIndex(from, options) : options.platform;
  const found = await options.places.image(from, platform);
  const names = options.names ?? namesAt(to, []) ?? namesAt(from, found.repoTags) ?? [];
  if (isSkopeo) {
    const digest = digestOf(found.configBytes);
    const written = await writeFile(file, skopeoArchive(found.image, names), options);
    const known = { file, references: names.map(familiarName), imageId: digest };
    return { reference: shownFile(file, digest), metadata: { ...known, written } };
  }
  const { report } = options.session;
  const delivery = await deliverArchive(found.image, names, report, (parts) =>
    writeFile(file, parts, options),
  );
  return { reference: shownFile(file, delivery.imageId), metadata: delivery };
}

/** As for skopeo, a platform chooses from an index; an image that is no index is taken as it is. */
async function platformInIndex(
  from: Location,
  { places, platform }: DeliverOptions,
): Promise<Platform | undefined> {
  if (platform === undefined) return undefined;
  const opened = await places.open(from);
  if (opened.kind !== "content") return undefined;
  const root = await readRoot(opened.source, opened.version);
  return root.links.isIndex ? platform : undefined;
}

/** @returns bytes written */
async function writeFile(
  file: string,
  parts: Parameters<typeof writeArchive>[0],
  { session, dryRun, level }: DeliverOptions,
): Promise<number> {
  if (dryRun) {
    session.announcer.note(`${file} would be written`);
    return 0;
  }
  let total = 0;
  const write = async (fd: number): Promise<void> => {
    total = await writeArchive(parts, fd, {
      compression: compressionByName(file),
      level,
      compressor: () => session.compressor(),
      onWritten: (written) => {
        session.report({ kind: "bytes", written });
      },
    });
  };
  await (file === "-" ? write(standardOutputForImage()) : writeWholeFile(file, write));
  return total;
}

function shownFile(file: string, digest: string): string | undefined {
  return file === "-" ? undefined : digest;
}

async function intoEngine(
  from: Location,
  name: string,
  options: DeliverOptions,
): Promise<DeliveredCopy> {
  const { places, session, platform, dryRun } = options;
  const names = options.names ?? [parseReference(name)];
  const client = await connectEngine(places.engine);
  try {
    const { image } = await places.image(from, platform);
    const plan = await planLoad(image, names, client);
    if (dryRun) {
      const missing = image.layers.length - plan.known.size;
      session.announcer.note(`${missing} of ${image.layers.length} layers would be sent`);
      return { reference: undefined, metadata: { way: plan.way, layersSent: missing, dryRun } };
    }
    if (plan.id !== undefined) return await nameInEngine(plan.id, plan, client, options);
    const delivery = await loadIntoEngine(image, names, client, session.report);
    return { reference: delivery.imageId, metadata: delivery };
  } finally {
    client.close();
  }
}

/** What the engine has needs no layer to be fetched, not even to be counted. */
async function nameInEngine(
  id: string,
  { way, untagged, store }: LoadPlan,
  client: EngineClient,
  { session }: DeliverOptions,
): Promise<DeliveredCopy> {
  for (const reference of untagged) await client.tagImage({ source: id, ...reference });
  session.announcer.note("the engine has it already: nothing sent");
  const engine = { address: client.endpoint.shown, store: store.name, way, layersSent: 0 };
  return { reference: id, metadata: { imageId: id, written: 0, engine } };
}

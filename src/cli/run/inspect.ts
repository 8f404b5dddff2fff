import type { ArchivedImage } from "../../archives/archived-image.ts";
import { openDockerArchive } from "../../archives/read-archive.ts";
import { UsageError, VarveError } from "../../errors.ts";
import { digestOf } from "../../image/digest.ts";
import type { Layer } from "../../image/layer.ts";
import { plainJson } from "../../image/ordered-json.ts";
import { parsePlatform } from "../../image/platform.ts";
import type { Location } from "../../transports/location.ts";
import type { VarveContext } from "../context.ts";
import { withPlaces } from "../delivery/places.ts";
import type { ConnectionFlags, EngineFlags, ImageFlags, WorkFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import { imageLocation } from "../sources/names-image.ts";
import { openImage } from "../sources/open-image.ts";
import { artifactTable, indexTable } from "../tables/content-table.ts";
import { inspectContent, inspectedNode } from "../tables/inspect-content.ts";
import type { ArtifactInspection, IndexInspection } from "../tables/inspect-content.ts";
import { inspectionTable } from "../tables/inspection-table.ts";
import type { Inspection } from "../tables/inspection-table.ts";
import { terminalWidth } from "../tables/terminal-width.ts";

export interface InspectFlags extends ImageFlags, WorkFlags, ConnectionFlags, EngineFlags {
  readonly json: boolean;
  readonly raw: boolean;
}

export async function inspect(
  this: VarveContext,
  flags: InspectFlags,
  ...sources: string[]
): Promise<void> {
  if (flags.raw && flags.json) {
    throw new UsageError("--raw and --json say different things", { hint: "give one of them" });
  }
  const [only] = sources;
  const isOnly = only !== undefined && sources.length === 1 && flags.conf === undefined;
  const location = isOnly ? existingImage(only, flags) : undefined;
  const text =
    location === undefined
      ? await describeSources(flags, sources)
      : await describeImage(location, flags);
  this.process.stdout.write(text);
}

/** A bare word is a name of Nix' registry, as it is for all commands that take sources. */
function existingImage(argument: string, flags: InspectFlags): Location | undefined {
  const location = imageLocation(argument);
  if (location?.kind !== "registry" || argument.startsWith("docker://")) return location;
  return /[/:@]/.test(argument) && flags.nixArgs === undefined ? location : undefined;
}

async function describeSources(flags: InspectFlags, sources: readonly string[]): Promise<string> {
  if (flags.raw) throw rawless("what is not built yet");
  const inspection = await inspectSources(flags, sources).catch((error: unknown) => {
    throw alsoNoArchive(error);
  });
  return shown(inspection, flags);
}

async function describeImage(location: Location, flags: InspectFlags): Promise<string> {
  const { kind } = location;
  if (!flags.raw && (kind === "any-archive" || kind === "docker-archive")) {
    const archived = await inspectArchive(location.file, location.version).catch(
      (error: unknown) => {
        const isOther = error instanceof VarveError && error.code === "ARCHIVE_FOREIGN";
        if (kind === "any-archive" && isOther) return undefined;
        throw error;
      },
    );
    if (archived !== undefined) return shown(archived, flags);
  }
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  return inSession(
    flags,
    (session) =>
      withPlaces(flags, session, async (places) => {
        const opened = await places.open(location);
        if (opened.kind === "archived") {
          if (flags.raw) throw rawless(opened.name);
          return shown(await inspectionOf(opened.archived), flags);
        }
        const { source, version, name } = opened;
        const node = await inspectedNode(source, version, platform);
        if (flags.raw) return node.manifest.bytes.toString("utf8");
        return shown(await inspectContent(source, node, name, places.sizes), flags);
      }),
    { warmUp: false },
  );
}

function shown(
  inspection: Inspection | IndexInspection | ArtifactInspection,
  { json }: InspectFlags,
): string {
  if (json) return `${JSON.stringify(inspection, undefined, 2)}\n`;
  if ("manifests" in inspection) return indexTable(inspection);
  if ("blobs" in inspection) return artifactTable(inspection);
  return inspectionTable(inspection, terminalWidth());
}

function rawless(what: string): UsageError {
  return new UsageError(`${what} has no manifest that could be shown as it is`, {
    hint: "--raw is for images in registries, OCI layouts and OCI archives",
  });
}

/** Here an archive would have done, too. */
function alsoNoArchive(error: unknown): unknown {
  if (!(error instanceof VarveError) || error.code !== "SOURCE_UNKNOWN") return error;
  const message = error.message.replace(
    "is neither a recipe",
    "is neither an image archive, nor a recipe",
  );
  return new VarveError(error.code, message, {
    hint: `give an image archive; or ${error.hint}`,
    cause: error,
  });
}

async function inspectArchive(file: string, version: string): Promise<Inspection> {
  const archived = await openDockerArchive(file, version);
  try {
    return await inspectionOf(archived);
  } finally {
    archived.close();
  }
}

async function inspectionOf(archived: ArchivedImage): Promise<Inspection> {
  const config = plainJson(archived.config) as Record<string, unknown>;
  return {
    references: archived.repoTags,
    imageId: digestOf(archived.configBytes),
    config,
    layers: withHistory(await layersOf(archived.layers), config),
  };
}

async function inspectSources(
  flags: InspectFlags,
  sources: readonly string[],
): Promise<Inspection> {
  return inSession(flags, async (session) => {
    const opened = await openImage(flags, sources, session);
    try {
      const config = await opened.image.config();
      return {
        references: opened.references.map(({ repository, tag }) => `${repository}:${tag}`),
        imageId: digestOf(config),
        config: JSON.parse(config.toString("utf8")) as Record<string, unknown>,
        layers: await layersOf(opened.image.layers),
      };
    } finally {
      opened.close();
    }
  });
}

function layersOf(layers: readonly Layer[]): Promise<Inspection["layers"]> {
  return Promise.all(
    layers.map(async (layer) => {
      const { diffId, size } = await layer.identity();
      return { diffId, size, paths: layer.paths, reason: layer.reason };
    }),
  );
}

/** What the history says of a layer is more than the name of its file. */
function withHistory(
  layers: Inspection["layers"],
  config: Record<string, unknown>,
): Inspection["layers"] {
  const history = Array.isArray(config["history"]) ? (config["history"] as unknown[]) : [];
  const told = history.filter(
    (entry): entry is Record<string, unknown> =>
      typeof entry === "object" && entry !== null && !("empty_layer" in entry && entry.empty_layer),
  );
  if (told.length !== layers.length) return layers;
  return layers.map((layer, index) => {
    const { comment, created_by: createdBy } = told[index]!;
    const paths = typeof comment === "string" ? [...comment.matchAll(/'(\/[^']+)'/g)] : [];
    if (paths.length > 0) return { ...layer, paths: paths.map((match) => match[1]!) };
    return typeof createdBy === "string" ? { ...layer, reason: createdBy, paths: [] } : layer;
  });
}

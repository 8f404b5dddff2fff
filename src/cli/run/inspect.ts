import { openDockerArchive } from "../../archives/read-archive.ts";
import { VarveError } from "../../errors.ts";
import { digestOf } from "../../image/digest.ts";
import { plainJson } from "../../image/ordered-json.ts";
import type { Layer } from "../../image/layer.ts";
import type { InspectFlags } from "../commands/inspect.ts";
import type { VarveContext } from "../context.ts";
import { inspectionTable } from "../inspection-table.ts";
import type { Inspection } from "../inspection-table.ts";
import { openImage } from "../open-image.ts";
import { inSession } from "../session.ts";
import { isArchive } from "../sources-argument.ts";
import { terminalWidth } from "../terminal-width.ts";

export async function inspect(
  this: VarveContext,
  flags: InspectFlags,
  ...sources: string[]
): Promise<void> {
  const [only] = sources;
  const inspection =
    only !== undefined && sources.length === 1 && flags.conf === undefined && isArchive(only)
      ? await inspectArchive(only)
      : await inspectSources(flags, sources).catch((error: unknown) => {
          throw alsoNoArchive(error);
        });
  const { process } = this;
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(inspection, undefined, 2)}\n`
      : inspectionTable(inspection, terminalWidth()),
  );
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

async function inspectArchive(file: string): Promise<Inspection> {
  const archived = await openDockerArchive(file);
  try {
    const config = plainJson(archived.config) as Record<string, unknown>;
    return {
      references: archived.repoTags,
      imageId: digestOf(archived.configBytes),
      config,
      layers: withHistory(await layersOf(archived.layers), config),
    };
  } finally {
    archived.close();
  }
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

import { openDockerArchive } from "../archives/read-archive.ts";
import type { ArchivedImage } from "../archives/archived-image.ts";
import { plainJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import type { RuntimeConfig } from "../image/image.ts";
import type { OpenImage } from "./open-image.ts";

/** An image that is finished already, and the names it has in its archive. */
export interface OpenArchive extends OpenImage {
  readonly repoTags: readonly string[];
}

/**
 * The image in a Docker archive, as it is: its config's bytes stay the same.
 *
 * @throws VarveError for an archive that cannot be used
 */
export async function imageFromArchive(file: string): Promise<OpenArchive> {
  return imageOfArchived(await openDockerArchive(file));
}

/** The same of an archive that is open already. */
export function imageOfArchived(archived: ArchivedImage): OpenArchive {
  const { config, configBytes, layers, repoTags } = archived;
  const runtime = config.get("config");
  return {
    image: {
      architecture: text(config, "architecture", "amd64"),
      os: text(config, "os", "linux"),
      runtime: plainJson(runtime instanceof Map ? runtime : new Map()) as RuntimeConfig,
      layers,
      archiveTime: 0,
      config: () => Promise.resolve(configBytes),
    },
    repoTags,
    close: () => {
      archived.close();
    },
  };
}

function text(config: JsonObject, key: string, otherwise: string): string {
  const value = config.get(key);
  return typeof value === "string" && value !== "" ? value : otherwise;
}

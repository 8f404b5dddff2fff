import type { FilesRecipeContents } from "../../recipe/contents/contents.ts";
import { closureOfFiles } from "../../sources/files/closure-of-files.ts";
import { packedSource } from "../layer-source.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";

/** Files of the project, and files that are only declared. */
export async function gatherFiles(
  entries: readonly FilesRecipeContents[],
  { project, cacheFolder, ignoreRemembered }: GatherOptions,
): Promise<Gathered> {
  const declarations = entries.flatMap(({ files }) => files);
  const contents = await closureOfFiles(declarations, { project, cacheFolder, ignoreRemembered });
  return { source: packedSource(contents), defaults: {} };
}

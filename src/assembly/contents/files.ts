import path from "node:path";
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
  const places = declarations.flatMap((one) =>
    "from" in one ? [path.resolve(project, one.from)] : [],
  );
  return { source: packedSource(contents), defaults: {}, places };
}

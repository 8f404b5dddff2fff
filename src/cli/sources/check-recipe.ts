import { parseReference } from "../../image/reference.ts";
import { parseTimestamp } from "../../image/timestamp.ts";
import { parsePipeline } from "../../layering/pipeline/parse.ts";
import { strategyNamed } from "../../layering/strategies.ts";
import type { Recipe } from "../../recipe/recipe.ts";

/**
 * Checks what of a recipe only its users understand, before anything is built for it.
 *
 * @throws UsageError for a name, date or strategy that is none, VarveError `PIPELINE_INVALID`
 */
export function checkRecipe({ name, tag, created, mtime, layers }: Recipe): void {
  if (name !== undefined) parseReference(`${name}:${tag ?? "latest"}`);
  if (created !== undefined) parseTimestamp(created, "created");
  if (mtime !== undefined) parseTimestamp(mtime, "mtime");
  if (layers.strategy !== undefined) strategyNamed(layers.strategy);
  if (layers.pipeline !== undefined) parsePipeline(layers.pipeline);
}

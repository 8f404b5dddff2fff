import * as fs from "node:fs";
import path from "node:path";
import { draftRecipe } from "../../assembly/draft-recipe.ts";
import { fileReasonOf, systemCodeOf, UsageError, VarveError } from "../../errors.ts";
import { recipeJson, recipeModule } from "../../recipe/written-recipe.ts";
import type { VarveContext } from "../context.ts";
import type { DebugFlag } from "../flags.ts";
import { RECIPE_FILES } from "../sources/find-recipe.ts";

export interface InitFlags extends DebugFlag {
  readonly json: boolean;
  readonly force: boolean;
}

/** Where a package that is installed in the project has its schema. */
const SCHEMA = "./node_modules/varve/schema/varve.schema.json";

export async function init(
  this: VarveContext,
  { json, force }: InitFlags,
  ...folders: string[]
): Promise<void> {
  const [folder = ".", other] = folders;
  if (other !== undefined) {
    throw new UsageError(`${folder} and ${other} are two folders`, { hint: "give one" });
  }
  const there = RECIPE_FILES.find((name) => fs.existsSync(path.join(folder, name)));
  if (there !== undefined && !force) {
    throw new VarveError("RECIPE_EXISTS", `${path.join(folder, there)} is there already`, {
      hint: "change it, or replace it: --force",
    });
  }
  const draft = await draftRecipe(folder);
  const file = path.join(folder, `varve.config.${json ? "json" : "ts"}`);
  const schema = fs.existsSync(path.join(folder, SCHEMA)) ? SCHEMA : undefined;
  write(file, json ? recipeJson(draft, schema) : recipeModule(draft), force);
  const place = folder === "." ? "" : ` ${folder}`;
  this.process.stdout.write(
    `${file} is written, for ${draft.found}\n` +
      `Try it: varve plan${place} shows the layers, varve load${place} loads the image into Docker\n`,
  );
}

function write(file: string, text: string, force: boolean): void {
  try {
    fs.writeFileSync(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const reason = systemCodeOf(error) === "EEXIST" ? "it is there already" : fileReasonOf(error);
    throw new VarveError("RECIPE_UNWRITABLE", `${file} cannot be written: ${reason}`, {
      cause: error,
    });
  }
}

import * as v from "valibot";
import { closedObject } from "./closed-object.ts";
import { contentsSchema } from "./contents/contents.ts";
import { runtimeConfigSchema } from "./runtime-config.ts";

const wholeNumberFrom = (least: number): v.GenericSchema<number> => {
  const expected = `Expected a whole number from ${least}`;
  return v.pipe(v.number(), v.safeInteger(expected), v.minValue(least, expected));
};
/** A platform that images are made for; recipes and options name the same ones. */
const platform = v.pipe(
  v.string(),
  v.regex(/^linux\/[a-z0-9]+$/, 'Expected a platform such as "linux/amd64"'),
);
/** What goes in, bottom first. */
const contents = v.pipe(v.array(contentsSchema), v.minLength(1, "Expected at least one source"));
/** An image to build upon: a name in a registry, an archive, an OCI layout. */
const base = v.string();
const layers = closedObject({
  /** Layers of the whole image, the base's included. */
  max: v.optional(wholeNumberFrom(1)),
  strategy: v.optional(v.string()),
  /** dockerTools' `layeringPipeline`. */
  pipeline: v.optional(v.array(v.unknown())),
  /** Ids of components that go into no layer. */
  ignore: v.optional(v.array(v.string())),
});

/**
 * What the user writes: a name, what goes in, how it runs, how it is layered. The same schema for
 * recipe files and for the options of the command line.
 */
export const recipeSchema = closedObject({
  $schema: v.optional(v.string()),
  /** Repository name, with a registry in front if one likes. */
  name: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[^:]*(?::\d+\/[^:]*)?$/, 'Expected a name alone; "tag" takes the tag'),
    ),
  ),
  tag: v.optional(v.string()),
  contents,
  base: v.optional(base),
  config: v.optional(runtimeConfigSchema, {}),
  layers: v.optional(layers, {}),
  created: v.optional(v.string()),
  mtime: v.optional(v.string()),
  owner: v.optional(
    closedObject({
      uid: v.optional(wholeNumberFrom(0)),
      gid: v.optional(wholeNumberFrom(0)),
      uname: v.optional(v.string()),
      gname: v.optional(v.string()),
    }),
    {},
  ),
  /** `linux/amd64`. */
  platform: v.optional(platform),
  /** Several: `varve push` and `varve build -o oci:DIR` make an index of them. */
  platforms: v.optional(
    v.pipe(
      v.array(platform),
      v.minLength(1, "Expected at least one platform"),
      v.check((all) => new Set(all).size === all.length, "Expected each platform once"),
    ),
  ),
  /** What is different for a platform. */
  byPlatform: v.optional(
    v.record(
      platform,
      closedObject({
        contents: v.optional(contents),
        base: v.optional(base),
        config: v.optional(runtimeConfigSchema),
        layers: v.optional(layers),
      }),
    ),
  ),
});

/** Several images of a project, by their names. */
export const recipesSchema = closedObject({
  $schema: v.optional(v.string()),
  images: v.pipe(
    v.record(v.string(), recipeSchema),
    v.check((images) => Object.keys(images).length > 0, "Expected at least one image"),
  ),
});

export type Recipe = v.InferOutput<typeof recipeSchema>;
export type RecipeInput = v.InferInput<typeof recipeSchema>;
export type RecipesInput = v.InferInput<typeof recipesSchema>;

/** Types a recipe in `varve.config.ts` for the editor; the value goes through unchanged. */
export function defineImage(recipe: RecipeInput): RecipeInput {
  return recipe;
}

/** The same for the recipes of a project with several images, by their names. */
export function defineImages(images: RecipesInput["images"]): RecipesInput {
  return { images };
}

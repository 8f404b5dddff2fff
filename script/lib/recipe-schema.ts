/** The JSON Schema of recipes, made from what varve itself checks them by, for editors. */
import * as fs from "node:fs";
import path from "node:path";
import { toJsonSchema } from "@valibot/to-json-schema";
import type { JsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { recipeSchema, recipesSchema } from "../../src/recipe/recipe.ts";

const DOCUMENT = fs.readFileSync(path.join(import.meta.dirname, "../../docs/recipes.md"), "utf8");

/** As JSON text. */
export function recipeJsonSchema(): string {
  const recipe = described(converted(recipeSchema), tableOf(/^# Recipes\n/));
  const contents = recipe.properties?.["contents"] as { items: { anyOf: JsonSchema[] } };
  for (const kind of contents.items.anyOf) {
    const [key = ""] = Object.keys(kind.properties ?? {});
    const table = tableOf(new RegExp(`^\\*\\*\`\\{ ${key}: `));
    for (const each of choicesIn(kind, key)) described(each, table);
  }
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "varve recipe",
    anyOf: [{ $ref: "#/definitions/recipe" }, converted(recipesSchema, recipe)],
    definitions: {
      recipe: withVariables(recipe),
      variable: {
        type: "object",
        description: "A variable of the environment",
        properties: { $env: { type: "string" }, default: { type: "string" } },
        required: ["$env"],
        additionalProperties: false,
      },
    },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** @param recipe stands where a recipe stands */
function converted(schema: v.GenericSchema, recipe?: JsonSchema): JsonSchema {
  // What definitions there are is from schemas that stand for several, which are written out.
  const {
    $schema: _,
    $defs: __,
    ...json
  } = toJsonSchema(schema, {
    typeMode: "input",
    errorMode: "ignore",
    ignoreActions: ["check"],
    overrideSchema: ({ valibotSchema, jsonSchema }) => {
      if (recipe !== undefined && (valibotSchema as unknown) === recipeSchema) {
        return { $ref: "#/definitions/recipe" };
      }
      const { choices } = valibotSchema as { choices?: readonly v.GenericSchema[] };
      if (choices !== undefined) return { anyOf: choices.map((each) => converted(each)) };
      // Sets are written as objects.
      return valibotSchema.type === "custom" ? { type: "object" } : jsonSchema;
    },
  });
  return json;
}

/** The schemas that have the keys of a kind: itself, and what stands under its own key. */
function choicesIn(kind: JsonSchema, key: string): JsonSchema[] {
  const own = kind.properties?.[key] as JsonSchema | undefined;
  const declared = own?.anyOf?.[0] as JsonSchema | undefined;
  return [kind, ...((declared?.anyOf ?? []) as JsonSchema[])];
}

/** What a table of docs/recipes.md says of keys. */
function tableOf(heading: RegExp): ReadonlyMap<string, string> {
  const sections = DOCUMENT.split(/^(?=#|\*\*`)/m);
  const section = sections.find((text) => heading.test(text)) ?? "";
  const told = new Map<string, string>();
  for (const row of section.matchAll(/^\| (`[^|]+) \| ([^|]*) \|(?: ([^|]*) \|)?$/gm)) {
    const [, keys = "", meaning = "", absent = ""] = row;
    const text = plain(absent === "" ? meaning : `${meaning} [${absent}]`);
    for (const [, key = ""] of keys.matchAll(/`([^`]+)`/g)) told.set(key, text);
  }
  return told;
}

/** Markdown as text. */
function plain(markdown: string): string {
  return markdown
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll("`", "")
    .trim();
}

/** Adds what is said of keys; `layers.max` is a key of `layers`. */
function described(schema: JsonSchema, told: ReadonlyMap<string, string>): JsonSchema {
  for (const [key, text] of told) {
    let at: JsonSchema | undefined = schema;
    for (const part of key.split(".")) at = at?.properties?.[part] as JsonSchema | undefined;
    if (at !== undefined) at.description = text;
  }
  return schema;
}

/** Texts may be variables of the environment, too. */
function withVariables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withVariables);
  if (typeof value !== "object" || value === null) return value;
  const { description, ...rest } = value as { description?: unknown; type?: unknown };
  if (rest.type === "string") {
    const both = { anyOf: [rest, { $ref: "#/definitions/variable" }] };
    return description === undefined ? both : { description, ...both };
  }
  const entries = Object.entries(value).map(([key, item]) => {
    const isName = key === "$schema" || key === "propertyNames";
    return [key, isName ? item : withVariables(item)];
  });
  return Object.fromEntries(entries);
}

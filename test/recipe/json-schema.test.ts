import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { recipeJsonSchema } from "../../script/lib/recipe-schema.ts";

const FILE = path.join(import.meta.dirname, "../../schema/varve.schema.json");

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: { readonly anyOf: readonly Described[] };
}

describe("schema/varve.schema.json", () => {
  it("says what recipes are checked by (script/schema writes it)", () => {
    expect(JSON.parse(fs.readFileSync(FILE, "utf8"))).toEqual(JSON.parse(recipeJsonSchema()));
  });

  it("tells of each key what docs/recipes.md tells", () => {
    const { definitions } = JSON.parse(recipeJsonSchema()) as {
      definitions: { recipe: Described };
    };
    const { properties = {} } = definitions.recipe;
    const silent = Object.keys(properties).filter((key) => {
      const { description, properties: below } = properties[key]!;
      return description === undefined && below === undefined;
    });
    expect(silent).toEqual(["$schema"]);
    const [, debian] = properties["contents"]!.items!.anyOf;
    expect(debian?.properties?.["recommends"]?.description).toMatch(/recommended .*\[false\]$/);
  });
});

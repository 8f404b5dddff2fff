import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { recipeSchema } from "../../src/recipe/recipe.ts";
import { checkedAgainst } from "../../src/recipe/schema-error.ts";

const DOCUMENT = fs.readFileSync(path.join(import.meta.dirname, "../../docs/recipes.md"), "utf8");

describe("docs/recipes.md", () => {
  it("tells of every key, and of no other", () => {
    const rows = [...DOCUMENT.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1]!);
    const told = rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
    const keys = new Set(told.map((key) => key.split(".")[0]!));
    const own = Object.keys(recipeSchema.entries).filter((key) => key !== "$schema");
    expect([...keys].toSorted()).toEqual(own.toSorted());
    const layers = told.filter((key) => key.startsWith("layers.")).map((key) => key.slice(7));
    expect(layers).toEqual(Object.keys(recipeSchema.entries.layers.wrapped.entries));
  });

  it("shows an error as it is", () => {
    const wrong = { contents: [{ nix: "." }], layers: { mx: 3 } };
    let said = "";
    try {
      checkedAgainst(recipeSchema, wrong, "varve.config.ts", "RECIPE_INVALID");
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).not.toBe("");
    expect(DOCUMENT).toContain(`\`${said}\``);
  });
});

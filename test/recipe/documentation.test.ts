import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { debianContents } from "../../src/recipe/contents/debian.ts";
import { copiedFiles } from "../../src/recipe/contents/files.ts";
import { npmContents } from "../../src/recipe/contents/node.ts";
import { recipeSchema } from "../../src/recipe/recipe.ts";
import { checkedAgainst } from "../../src/recipe/schema-error.ts";

const DOCUMENT = fs.readFileSync(path.join(import.meta.dirname, "../../docs/recipes.md"), "utf8");

/** What stands in the first column of tables. */
function keysTold(text: string): string[] {
  const rows = [...text.matchAll(/^\| (`[^|]+) \|/gm)].map((match) => match[1]!);
  return rows.flatMap((row) => [...row.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
}

describe("docs/recipes.md", () => {
  it("tells of every key, and of no other", () => {
    const told = keysTold(DOCUMENT.slice(0, DOCUMENT.indexOf("\n## Contents")));
    const keys = new Set(told.map((key) => key.split(".")[0]!));
    const own = Object.keys(recipeSchema.entries).filter((key) => key !== "$schema");
    expect([...keys].toSorted()).toEqual(own.toSorted());
    const layers = told.filter((key) => key.startsWith("layers.")).map((key) => key.slice(7));
    expect(layers).toEqual(Object.keys(recipeSchema.entries.layers.wrapped.entries));
  });

  it.each([
    ["debian", debianContents],
    ["npm", npmContents],
    ["files", copiedFiles],
  ])("tells of every key of %s, and of no other", (kind, { entries }) => {
    const [, section = ""] = DOCUMENT.split(`\n**\`{ ${kind}: `);
    const [table = ""] = section.split("\n**");
    const given = new Set([kind, "from", ...(kind === "files" ? ["to"] : [])]);
    const own = Object.keys(entries).filter((key) => !given.has(key));
    expect(keysTold(table).toSorted()).toEqual(own.toSorted());
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

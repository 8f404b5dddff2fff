import { describe, expect, it } from "vitest";
import { defineImage, defineImages } from "../../src/index.ts";
import type { RecipeInput } from "../../src/index.ts";
import { recipeSchema } from "../../src/recipe/recipe.ts";
import { checkedAgainst } from "../../src/recipe/schema-error.ts";

/* What the compiler refuses is marked: where it would not, the mark itself is an error of tsc's. */
const WRONG: readonly RecipeInput[] = [
  // @ts-expect-error: a recipe has contents
  defineImage({ name: "x" }),
  // @ts-expect-error: the key is `name`
  defineImage({ nmae: "x", contents: [{ nix: "." }] }),
  // @ts-expect-error: a key within
  defineImage({ contents: [{ nix: "." }], layers: { maxx: 3 } }),
  // @ts-expect-error: a kind's key that is misspelt
  defineImage({ contents: [{ nixx: "." }] }),
  // @ts-expect-error: a key of another kind
  defineImage({ contents: [{ nix: ".", recommends: true }] }),
  // @ts-expect-error: two kinds at once
  defineImage({ contents: [{ nix: ".", npm: "." }] }),
  // @ts-expect-error: a value of another kind
  defineImage({ contents: [{ debian: 5 }] }),
  // @ts-expect-error: one of a few words
  defineImage({ contents: [{ npm: ".", content: "instaled" }] }),
  // @ts-expect-error: a file's mode is text
  defineImage({ contents: [{ files: { from: "a", to: "/a", mode: 755 } }] }),
  // @ts-expect-error: a generated file has no patterns
  defineImage({ contents: [{ files: { content: "a", to: "/a", exclude: ["x"] } }] }),
  // @ts-expect-error: a key of the image's config
  defineImage({ contents: [{ nix: "." }], config: { Comand: ["x"] } }),
  // @ts-expect-error: within what is different for a platform
  defineImage({ contents: [{ nix: "." }], byPlatform: { "linux/arm64": { tag: "x" } } }),
];

describe("defineImage", () => {
  it.each(WRONG.map((recipe, index) => [index, recipe]))(
    "%i: what it refuses is refused",
    (_, recipe) => {
      expect(() => checkedAgainst(recipeSchema, recipe, "recipe", "RECIPE_INVALID")).toThrow(
        /^recipe/,
      );
    },
  );

  it("takes what recipes may say", () => {
    const recipe = defineImage({
      name: "x",
      contents: [
        { nix: [".#a", ".#b"] },
        { debian: "tini", suite: ["stable"], users: [{ name: "app", id: 1000 }] },
        { node: "24" },
        { npm: ".", run: "build", to: "/srv" },
        {
          files: [
            { from: "a", to: "/a", exclude: ["*.map"] },
            { to: "/b", content: "" },
          ],
        },
        { files: { to: "/c", symlink: "/a" } },
      ],
      config: { Cmd: ["x"], ExposedPorts: { "80/tcp": {} } },
      platforms: ["linux/amd64"],
      byPlatform: { "linux/amd64": { base: "debian:12" } },
    });
    expect(checkedAgainst(recipeSchema, recipe, "recipe", "RECIPE_INVALID")).toMatchObject({
      name: "x",
    });
    expect(defineImages({ x: recipe })).toEqual({ images: { x: recipe } });
  });
});

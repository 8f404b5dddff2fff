import type * as v from "valibot";
import { chosenByKey } from "./chosen-by-key.ts";
import { debianContents } from "./debian.ts";
import { filesContents } from "./files.ts";
import { nixContents } from "./nix.ts";
import { nodeContents, npmContents } from "./node.ts";

/** Schema of each kind of contents, by the key that tells which it is. */
const KINDS = {
  nix: nixContents,
  debian: debianContents,
  node: nodeContents,
  npm: npmContents,
  files: filesContents,
} as const;

/** One entry of a recipe's `contents`. */
export const contentsSchema = chosenByKey(
  KINDS,
  'a source: {"nix": …}, {"debian": …}, {"node": …}, {"npm": …} or {"files": …}',
);

export type RecipeContents = v.InferOutput<typeof contentsSchema>;
export type NixRecipeContents = v.InferOutput<typeof nixContents>;
export type DebianRecipeContents = v.InferOutput<typeof debianContents>;
export type NodeRecipeContents = v.InferOutput<typeof nodeContents>;
export type NpmRecipeContents = v.InferOutput<typeof npmContents>;
export type FilesRecipeContents = v.InferOutput<typeof filesContents>;

import { VarveError } from "../../errors.ts";
import type {
  DebianRecipeContents,
  FilesRecipeContents,
  NixRecipeContents,
  NodeRecipeContents,
  RecipeContents,
} from "../../recipe/contents/contents.ts";
import { joinDefaults } from "../image-defaults.ts";
import type { ImageDefaults } from "../image-defaults.ts";
import type { LayerSource } from "../layer-source.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";

/** What a recipe's contents come to. */
export interface GatheredContents {
  /** Bottom first. */
  readonly sources: readonly LayerSource[];
  readonly defaults: ImageDefaults;
  readonly close: () => void;
}

/**
 * Finds what a recipe lists. Entries lie above one another as they are listed; those of Nix, and
 * those of Debian, are one each, at the place of the first.
 *
 * @throws VarveError of the sources
 */
export async function gatherContents(
  contents: readonly RecipeContents[],
  options: GatherOptions,
): Promise<GatheredContents> {
  const node = await gatherNodes(contents, options);
  const gathered: Gathered[] = [];
  const close = (): void => {
    for (const each of gathered) each.close?.();
  };
  try {
    for (const kind of inOrder(contents)) {
      gathered.push(await gatherKind(kind, node, options));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    sources: gathered.map(({ source }) => source),
    // What lies on top says what runs.
    defaults: joinDefaults(gathered.map(({ defaults }) => defaults).toReversed()),
    close,
  };
}

type Kind =
  | { readonly nix: readonly NixRecipeContents[] }
  | { readonly debian: readonly DebianRecipeContents[] }
  | { readonly only: Exclude<RecipeContents, NixRecipeContents | DebianRecipeContents> };

function inOrder(contents: readonly RecipeContents[]): Kind[] {
  const kinds: Kind[] = [];
  const nix = contents.filter((entry) => "nix" in entry);
  const debian = contents.filter((entry) => "debian" in entry);
  for (const entry of contents) {
    if ("nix" in entry) {
      if (entry === nix[0]) kinds.push({ nix });
    } else if ("debian" in entry) {
      if (entry === debian[0]) kinds.push({ debian });
    } else kinds.push({ only: entry });
  }
  return kinds;
}

/** Before everything else, since Debian's part depends on what Node needs. */
async function gatherNodes(
  contents: readonly RecipeContents[],
  options: GatherOptions,
): Promise<(Gathered & { readonly debianPackages: readonly string[] }) | undefined> {
  const [entry, second] = contents.filter((each): each is NodeRecipeContents => "node" in each);
  if (entry === undefined) return undefined;
  if (second !== undefined) {
    throw new VarveError("RECIPE_INVALID", 'there are two "node" entries', {
      hint: "an image has one Node; leave one of them out",
    });
  }
  const { gatherNode } = await import("./node.ts");
  return gatherNode(entry, options);
}

async function gatherKind(
  kind: Kind,
  node: (Gathered & { readonly debianPackages: readonly string[] }) | undefined,
  options: GatherOptions,
): Promise<Gathered> {
  if ("nix" in kind) {
    const { gatherNix } = await import("./nix.ts");
    return gatherNix(kind.nix, options);
  }
  if ("debian" in kind) {
    const { gatherDebian } = await import("./debian.ts");
    return gatherDebian(kind.debian, node?.debianPackages ?? [], options);
  }
  if ("node" in kind.only) return node!;
  if ("npm" in kind.only) {
    const { gatherNpm } = await import("./npm.ts");
    return gatherNpm(kind.only, options);
  }
  const { gatherFiles } = await import("./files.ts");
  return gatherFiles([kind.only satisfies FilesRecipeContents], options);
}

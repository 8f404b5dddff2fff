import { UsageError, VarveError } from "../../errors.ts";
import type {
  DebianRecipeContents,
  FilesRecipeContents,
  NixRecipeContents,
  NodeRecipeContents,
  NpmRecipeContents,
  RecipeContents,
} from "../../recipe/contents/contents.ts";
import { joinDefaults } from "../image-defaults.ts";
import type { ImageDefaults } from "../image-defaults.ts";
import type { LayerSource } from "../layer-source.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";
import type { GatheredNode } from "./node.ts";
import { refuseSamePlace } from "./refuse-same-place.ts";

/** What a recipe's contents come to. */
export interface GatheredContents {
  /** Bottom first. */
  readonly sources: readonly LayerSource[];
  readonly defaults: ImageDefaults;
  /** Files and folders that decide what they are, absolute. */
  readonly places: readonly string[];
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
  refuseSamePlace(contents);
  await prepareProjects(contents, options);
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
    places: gathered.flatMap(({ places = [] }) => places),
    close,
  };
}

/**
 * Looks up what is to be pinned and is not yet; nothing else of the contents is looked at.
 *
 * @throws VarveError of the sources
 */
export async function pinContents(
  contents: readonly RecipeContents[],
  options: GatherOptions,
): Promise<void> {
  const pinned = contents.filter((entry) => "node" in entry || "debian" in entry);
  // Whether everything fits together is for those to say who make the image.
  (await gatherContents(pinned, { ...options, scripts: [], hasBase: true })).close();
}

/** Builds what the recipe or the user wants built, since other contents may come of it. */
async function prepareProjects(
  contents: readonly RecipeContents[],
  { scripts, note }: GatherOptions,
): Promise<void> {
  const projects = contents.filter((entry): entry is NpmRecipeContents => "npm" in entry);
  if (scripts.length > 0 && projects.length !== 1) {
    const why = projects.length === 0 ? "there is no Node project" : "there are several";
    throw new UsageError(`--run ${scripts[0]!}: ${why}`, {
      hint: 'name scripts in the recipe, beside "npm": "run": "build"',
    });
  }
  for (const { npm, run = [] } of projects) {
    const wanted = new Set([...run, ...scripts]);
    if (wanted.size > 0) {
      const { runScript } = await import("../../sources/npm/project/run-script.ts");
      for (const script of wanted) await runScript(npm, script, note);
    }
    // What is wrong with the project is told before anything is fetched.
    const { describeProject } = await import("../../sources/npm/project/describe-project.ts");
    await describeProject(npm);
  }
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
): Promise<GatheredNode | undefined> {
  const [entry, second] = contents.filter((each): each is NodeRecipeContents => "node" in each);
  if (entry === undefined) return undefined;
  if (second !== undefined) {
    throw new VarveError("RECIPE_INVALID", 'there are two "node" entries', {
      hint: "an image has one Node; leave one of them out",
    });
  }
  const { gatherNode } = await import("./node.ts");
  const node = await gatherNode(entry, options);
  const hasLibraries =
    options.hasBase || contents.some((each) => "debian" in each || "nix" in each);
  if (hasLibraries || node.debianPackages.length === 0) return node;
  const missing = node.debianPackages.join(", ");
  throw new VarveError("RECIPE_INVALID", `nothing brings what Node needs of Debian: ${missing}`, {
    hint: 'put {"debian": ["tini"]} before "node", which brings it along; or name a base',
  });
}

async function gatherKind(
  kind: Kind,
  node: GatheredNode | undefined,
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
    return gatherNpm(kind.only, node?.version, options);
  }
  const { gatherFiles } = await import("./files.ts");
  return gatherFiles([kind.only satisfies FilesRecipeContents], options);
}

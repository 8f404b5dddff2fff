import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../errors.ts";
import type { RecipeInput } from "../recipe/recipe.ts";
import type { RecipeDraft } from "../recipe/written-recipe.ts";
import { readProject } from "../sources/npm/project/describe-project.ts";
import { findEntryPoint } from "../sources/npm/project/entry-point.ts";
import { recipeForNodeProject } from "./node-project.ts";

/** What a folder was taken for. */
export interface DraftedRecipe extends RecipeDraft {
  /** For people: `a Node project`. */
  readonly found: string;
}

const PORT_SUGGESTION = 'config: { ExposedPorts: { "8000/tcp": {} } },';

/**
 * A recipe for the project in a folder: of a Node project as it is, of a flake its default package,
 * else something to start from.
 *
 * @throws VarveError `NPM_…` for a Node project that no image can be made of yet
 */
export async function draftRecipe(folder: string): Promise<DraftedRecipe> {
  const has = (name: string): boolean => fs.existsSync(path.join(folder, name));
  if (has("package.json")) return draftNode(folder);
  const name = nameFrom(path.basename(path.resolve(folder)));
  if (has("flake.nix")) {
    return {
      found: "a flake",
      recipe: { name, contents: [{ nix: "." }] },
      notes: { contents: "The flake's default package; others are .#NAME." },
      suggestions: [PORT_SUGGESTION, "layers: { max: 60 },"],
    };
  }
  return {
    found: "nothing that is known",
    recipe: {
      name,
      contents: [
        { debian: ["tini", "busybox-static"] },
        { files: [{ to: "/srv/hello.txt", content: "hello\n" }] },
      ],
      config: { Cmd: ["/bin/busybox", "cat", "/srv/hello.txt"] },
    },
    notes: {
      contents:
        "Bottom first: Debian's packages, then files: { from: FOLDER, to: PLACE } of your own.",
      config: "What the image runs, as in the OCI image-spec: Cmd, Env, User, ExposedPorts, …",
    },
    suggestions: ['base: "debian:12",'],
  };
}

async function draftNode(folder: string): Promise<DraftedRecipe> {
  const place = path.resolve(folder);
  const { name, contents } = await recipeForNodeProject(place);
  const { buildScript, manifest } = await readProject(place);
  const needsBuild = buildScript !== undefined && !isBuilt(place, manifest);
  const npm = needsBuild ? { npm: ".", run: "build" } : { npm: "." };
  const recipe: RecipeInput = {
    ...(name === undefined ? {} : { name }),
    contents: contents.map((entry) => ("npm" in entry ? npm : entry)),
  };
  const port = portOf(place, needsBuild ? undefined : findEntryPoint(place, manifest).file);
  return {
    found: "a Node project",
    recipe: port === undefined ? recipe : { ...recipe, config: { ExposedPorts: { [port]: {} } } },
    notes: {
      contents:
        "Bottom first: an init, time zones and Node's libraries; Node; the packages and the application.",
      ...(port === undefined ? {} : { config: "The port that the application's sources name." }),
    },
    suggestions: port === undefined ? [PORT_SUGGESTION] : ['tag: "1.0",'],
  };
}

/** Whether what is run is there already, without a build. */
function isBuilt(folder: string, manifest: Parameters<typeof findEntryPoint>[1]): boolean {
  try {
    findEntryPoint(folder, manifest);
    return true;
  } catch (error) {
    if (error instanceof VarveError && error.code === "NPM_NOT_BUILT") return false;
    throw error;
  }
}

/** `listen(8000`, `listen({ port: 8000`, `PORT ?? 8000`, `PORT || "8000"`. */
const PORTS =
  /\blisten\(\s*(?:\{[^}]*?\bport:\s*)?(\d{2,5})\b|\bPORT\b["'\]]*\s*(?:\?\?|\|\|)\s*["']?(\d{2,5})\b/g;
/** Files that are no larger are looked at. */
const LARGEST_SOURCE = 1 << 18;

/** The one port that the file names which is started; undefined unless it is just one. */
function portOf(folder: string, entry: string | undefined): string | undefined {
  if (entry === undefined || entry.startsWith("node_modules/")) return undefined;
  const file = path.join(folder, entry);
  if (fs.statSync(file).size > LARGEST_SOURCE) return undefined;
  const text = fs.readFileSync(file, "utf8");
  const ports = new Set([...text.matchAll(PORTS)].map((match) => match[1] ?? match[2]!));
  return ports.size === 1 ? `${[...ports][0]!}/tcp` : undefined;
}

/** What repositories may be called. */
function nameFrom(text: string): string {
  const legal = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return legal === "" ? "image" : legal;
}

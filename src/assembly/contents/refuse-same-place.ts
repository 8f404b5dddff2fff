import * as path from "node:path";
import { VarveError } from "../../errors.ts";
import type {
  FilesRecipeContents,
  NpmRecipeContents,
  RecipeContents,
} from "../../recipe/contents/contents.ts";

type Declaration = FilesRecipeContents["files"][number];

/**
 * Entries lie above one another, and the upper one shows. Where that cannot be meant, it is refused:
 * two Node projects at one place, or one file that two entries declare.
 *
 * @throws VarveError `RECIPE_INVALID`, naming both
 */
export function refuseSamePlace(contents: readonly RecipeContents[]): void {
  const projects = contents.filter((entry): entry is NpmRecipeContents => "npm" in entry);
  const [project, other] = firstPair(projects, ({ to }) => placeOf(to)) ?? [];
  if (project !== undefined && other !== undefined) {
    throw new VarveError(
      "RECIPE_INVALID",
      `two Node projects go to ${project.to}: ${project.npm} and ${other.npm}`,
      { hint: 'give one of them another place: "to"' },
    );
  }
  const entries = contents.flatMap((entry, index) =>
    "files" in entry ? entry.files.map((file) => ({ file, index })) : [],
  );
  const single = entries.filter(({ file }) => "content" in file || "symlink" in file);
  const [one, two] = firstPair(single, ({ file }) => placeOf(file.to), different) ?? [];
  if (one === undefined || two === undefined) return;
  throw new VarveError(
    "RECIPE_INVALID",
    `${one.file.to} is placed twice, by contents[${one.index}] and by contents[${two.index}]: ` +
      `${kindOf(one.file)} and ${kindOf(two.file)}`,
    { hint: "leave one of them out" },
  );
}

interface Placed {
  readonly file: Declaration;
  readonly index: number;
}

/** Within one entry, the source itself compares. */
function different(one: Placed, two: Placed): boolean {
  return one.index !== two.index && JSON.stringify(one.file) !== JSON.stringify(two.file);
}

function firstPair<Item>(
  items: readonly Item[],
  placeOfItem: (item: Item) => string,
  clash: (one: Item, two: Item) => boolean = () => true,
): readonly [Item, Item] | undefined {
  for (const [index, item] of items.entries()) {
    const place = placeOfItem(item);
    const twin = items
      .slice(0, index)
      .find((each) => placeOfItem(each) === place && clash(each, item));
    if (twin !== undefined) return [twin, item];
  }
  return undefined;
}

function placeOf(to: string): string {
  return path.posix.join("/", to).replace(/(?<=.)\/$/, "");
}

function kindOf(file: Declaration): string {
  return "symlink" in file ? `a symlink to ${file.symlink}` : "a generated file";
}

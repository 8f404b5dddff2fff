import path from "node:path";
import { pinContents } from "../../assembly/contents/gather.ts";
import { platformFor } from "../../assembly/from-recipe.ts";
import { readLockFile, writeLockFile } from "../../assembly/lock/lock-file.ts";
import type { PinChange } from "../../assembly/lock/pin-changes.ts";
import { UsageError } from "../../errors.ts";
import { platformText } from "../../image/platform.ts";
import { forPlatform } from "../../recipe/for-platform.ts";
import { Announcer } from "../announcer.ts";
import type { VarveContext } from "../context.ts";
import type { TransferFlags } from "../flags.ts";
import { chosenImages, findRecipes } from "../sources/find-recipe.ts";
import type { FoundRecipe, FoundRecipes } from "../sources/find-recipe.ts";
import { nixAccess } from "../sources/nix-access.ts";
import { gatherOptions, lockFileOf, lockNameOf, pinsFor } from "../sources/resolve-source.ts";

export interface LockFlags extends TransferFlags {
  readonly update: boolean;
  readonly check: boolean;
  readonly image?: string;
  readonly platform?: readonly string[];
  readonly offline: boolean;
}

export async function lock(
  this: VarveContext,
  flags: LockFlags,
  ...sources: string[]
): Promise<void> {
  if (sources.length > 1) {
    throw new UsageError(`there are ${sources.length} sources`, {
      hint: "give one project, or one recipe file",
    });
  }
  const found = await findRecipes(sources);
  const file = lockFileOf(found.folder);
  const shown = path.relative("", file);
  const announcer = new Announcer({ ...flags, noCache: false });
  const lines: string[] = [];
  try {
    for (const image of chosenImages(found, flags.image)) {
      lines.push(...(await lockImage({ ...found, ...image }, flags, announcer)));
    }
    if (flags.image === undefined) lines.push(...dropForeign(found, flags.check));
  } finally {
    announcer.finish();
  }
  const { process } = this;
  if (lines.length === 0) lines.push(`${shown} pins what it should`);
  else if (flags.check) process.exitCode = 1;
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

/** @returns what has changed, for people */
async function lockImage(
  found: FoundRecipe,
  flags: LockFlags,
  announcer: Announcer,
): Promise<string[]> {
  const lines: string[] = [];
  for (const platform of platformsFor(found, flags)) {
    const recipe = forPlatform(found.recipe, platform);
    const pins = pinsFor(found, recipe, flags.update ? "update" : "use");
    const options = gatherOptions(recipe, found.folder, flags, announcer);
    const nix = nixAccess({}, [], announcer);
    await pinContents(recipe.contents, { ...options, pins, nix });
    const isChange = flags.check ? !pins.isSaved : pins.save();
    if (isChange)
      lines.push(`${lockNameOf(found)}, ${platform}:`, ...pins.changes().map(changeLine));
  }
  return lines;
}

/** Those that are asked for; else the recipe's, and those that are pinned already. */
function platformsFor(found: FoundRecipe, { platform }: LockFlags): readonly string[] {
  if (platform !== undefined) return [...new Set(platform)];
  const { platforms } = found.recipe;
  const own = platforms ?? [platformText(platformFor(forPlatform(found.recipe)))];
  const pinned = Object.keys(readLockFile(lockFileOf(found.folder))[lockNameOf(found)] ?? {});
  return [...new Set([...own, ...pinned])];
}

/** Images that the recipe has no more are not pinned any more. */
function dropForeign(found: FoundRecipes, isCheck: boolean): string[] {
  const file = lockFileOf(found.folder);
  const images = readLockFile(file);
  const names = new Set(found.images.map((image) => lockNameOf({ ...found, ...image })));
  const foreign = Object.keys(images).filter((name) => !names.has(name));
  if (foreign.length === 0) return [];
  const kept = Object.entries(images).filter(([name]) => names.has(name));
  if (!isCheck) writeLockFile(file, Object.fromEntries(kept));
  return foreign.map((name) => `${name}: no image of the recipe any more`);
}

function changeLine({ what, before, after }: PinChange): string {
  if (before === undefined) return `  + ${what} ${after!}`;
  if (after === undefined) return `  - ${what} ${before}`;
  return before === after ? `  ${what} ${after}, built anew` : `  ${what} ${before} → ${after}`;
}

import { parseNixArgument } from "./argument.ts";
import { buildInstallables } from "./installable.ts";
import type { InstallableOptions } from "./installable.ts";

/**
 * The store paths that arguments name, by their logical names, each once, in order. Installables
 * are built; neighbouring ones in one go.
 *
 * @throws VarveError those of `parseNixArgument` and `buildInstallables`
 */
export async function rootsOf(
  texts: readonly string[],
  options: InstallableOptions,
): Promise<string[]> {
  const roots = new Set<string>();
  const waiting: string[] = [];
  const build = async (): Promise<void> => {
    if (waiting.length === 0) return;
    for (const path of await buildInstallables(waiting.splice(0), options)) roots.add(path);
  };
  // What is wrong with any of them is known before the first is built.
  const parsed = texts.map((text) => parseNixArgument(text, options.store, options.nixArgs));
  for (const argument of parsed) {
    if (argument.kind === "installable") {
      waiting.push(argument.installable);
      continue;
    }
    await build();
    roots.add(argument.path);
  }
  await build();
  return [...roots];
}

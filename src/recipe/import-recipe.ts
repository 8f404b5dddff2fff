import { registerHooks } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, VarveError } from "../errors.ts";

/** The library's public face, whose `defineImage` recipes import from "varve". */
const LIBRARY = new URL(`../index${path.extname(import.meta.filename)}`, import.meta.url).href;

/**
 * The default export of a recipe that is a module. It may import from "varve" wherever it lies,
 * and is an ES module whatever the nearest package.json says of TypeScript files.
 *
 * @throws VarveError `RECIPE_INVALID`, naming the line in the file
 */
export async function importRecipe(file: string): Promise<unknown> {
  const url = pathToFileURL(path.resolve(file)).href;
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === "varve") return { url: LIBRARY, shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      return resolved.url === url && file.endsWith(".ts")
        ? { ...resolved, format: "module-typescript" }
        : resolved;
    },
  });
  try {
    const module = (await import(url)) as { default?: unknown };
    if (module.default !== undefined) return module.default;
  } catch (error) {
    throw new VarveError("RECIPE_INVALID", `${placeOf(error, file, url)}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    hooks.deregister();
  }
  throw new VarveError("RECIPE_INVALID", `${file} has no default export`, {
    hint: "write: export default defineImage({ … })",
  });
}

/** `varve.config.ts:7`, when the error came from a line of the recipe. */
function placeOf(error: unknown, file: string, url: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const name of [url, fileURLToPath(url)]) {
    const [, rest] = stack.split(`${name}:`, 2);
    const line = rest === undefined ? undefined : /^\d+/.exec(rest)?.[0];
    if (line !== undefined) return `${file}, line ${line}`;
  }
  return file;
}

import { registerHooks } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf, VarveError } from "../errors.ts";

/** What recipes import from "varve". */
const FACE = new URL(`face${path.extname(import.meta.filename)}`, import.meta.url).href;
/** Where our own modules are. */
const OURS = new URL("..", import.meta.url).href;

/** Modules are loaded once a process: another number makes them others. */
let loads = 0;

/**
 * The default export of a recipe that is a module. It may import from "varve" wherever it lies,
 * and is an ES module whatever the nearest package.json says of TypeScript files. It is read anew
 * each time, and so are the files that it imports.
 *
 * @param onFile told of the files that it imports, other people's packages left out
 * @throws VarveError `RECIPE_INVALID`, naming the line in the file
 */
export async function importRecipe(
  file: string,
  onFile: (file: string) => void = () => undefined,
): Promise<unknown> {
  const url = pathToFileURL(path.resolve(file)).href;
  loads += 1;
  const version = loads === 1 ? "" : `?load=${loads}`;
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier === "varve") return { url: FACE, shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      if (resolved.url.startsWith(url) && file.endsWith(".ts")) {
        return { ...resolved, format: "module-typescript" };
      }
      if (!isOwnImport(resolved.url, context.parentURL)) return resolved;
      onFile(fileURLToPath(resolved.url));
      return { ...resolved, url: resolved.url + version };
    },
  });
  try {
    const module = (await import(url + version)) as { default?: unknown };
    if (module.default !== undefined) return module.default;
  } catch (error) {
    const { code, hint } =
      error instanceof VarveError ? error : { code: "RECIPE_INVALID", hint: undefined };
    throw new VarveError(code, `${placeOf(error, file, url)}: ${messageOf(error)}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  } finally {
    hooks.deregister();
  }
  throw new VarveError("RECIPE_INVALID", `${file} has no default export`, {
    hint: "write: export default defineImage({ … })",
  });
}

/** Whether a module is the project's: neither ours, nor a package of others. */
function isOwnImport(url: string, parent: string | undefined): boolean {
  return (
    url.startsWith("file:") &&
    !url.includes("/node_modules/") &&
    !url.startsWith(OURS) &&
    parent?.startsWith(OURS) !== true
  );
}

/** `varve.config.ts:7`, when the error came from a line of the recipe. */
function placeOf(error: unknown, file: string, url: string): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const name of [url, fileURLToPath(url)]) {
    const [, rest] = stack.split(name, 2);
    const line = rest === undefined ? undefined : /^(?:\?load=\d+)?:(\d+)/.exec(rest)?.[1];
    if (line !== undefined) return `${file}, line ${line}`;
  }
  return file;
}

import { VarveError } from "../errors.ts";

/**
 * A variable of the environment, for recipes that are modules: only what is named so decides what
 * an image is.
 *
 * @param fallback its value where the environment has none
 * @throws VarveError `RECIPE_ENV`
 */
export function env(name: string, fallback?: string): string {
  const value = process.env[name] ?? fallback;
  if (value !== undefined) return value;
  throw new VarveError("RECIPE_ENV", `the environment has no ${name}`, {
    hint: `set it, or give a value for when it is not set: env("${name}", "…")`,
  });
}

/** `{"$env": "NAME"}`, `{"$env": "NAME", "default": "…"}`: the same in JSON. */
interface EnvironmentValue {
  readonly $env: string;
  readonly default?: string;
}

/**
 * A JSON value with the environment's variables in the place of those that it names.
 *
 * @param refuse what is thrown of a variable that is not set, or not written rightly
 * @param path of the value within the whole
 */
export function withEnvironment(
  value: unknown,
  refuse: (path: readonly PropertyKey[], message: string, hint: string) => Error,
  path: readonly PropertyKey[] = [],
): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => withEnvironment(item, refuse, [...path, index]));
  }
  if (typeof value !== "object" || value === null) return value;
  if (!("$env" in value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        withEnvironment(item, refuse, [...path, key]),
      ]),
    );
  }
  if (!isEnvironmentValue(value)) {
    const form = '{"$env": "NAME"} or {"$env": "NAME", "default": "…"}';
    throw refuse(path, "a variable of the environment is not written so", `write ${form}`);
  }
  const { $env: name, default: fallback } = value;
  const found = process.env[name] ?? fallback;
  if (found !== undefined) return found;
  const hint = `set it, or give a value for when it is not set: {"$env": "${name}", "default": "…"}`;
  throw refuse(path, `the environment has no ${name}`, hint);
}

function isEnvironmentValue(value: object): value is EnvironmentValue {
  return Object.entries(value).every(
    ([key, text]) => (key === "$env" || key === "default") && typeof text === "string",
  );
}

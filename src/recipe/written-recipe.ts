import type { RecipeInput } from "./recipe.ts";

/** A recipe to be written for somebody who goes on with it. */
export interface RecipeDraft {
  readonly recipe: RecipeInput;
  /** What is said above keys, for JSON has no comments: by key. */
  readonly notes: Readonly<Partial<Record<keyof RecipeInput, string>>>;
  /** What could be added, as TypeScript. */
  readonly suggestions: readonly string[];
}

/** A recipe as `varve.config.ts`. */
export function recipeModule({ recipe, notes, suggestions }: RecipeDraft): string {
  const lines: string[] = [];
  for (const [key, value] of Object.entries(recipe)) {
    const note = notes[key as keyof RecipeInput];
    if (note !== undefined) lines.push(`  // ${note}`);
    lines.push(`  ${key}: ${literal(value, 1)},`);
  }
  return [
    'import { defineImage } from "varve";',
    "",
    "export default defineImage({",
    ...lines,
    ...suggestions.map((suggestion) => `  // ${suggestion}`),
    "});",
    "",
  ].join("\n");
}

/** The same as `varve.config.json`. */
export function recipeJson({ recipe }: RecipeDraft, schema: string | undefined): string {
  const whole = schema === undefined ? recipe : { $schema: schema, ...recipe };
  return `${JSON.stringify(whole, undefined, 2)}\n`;
}

/** A value as a formatter would write it, wide lists in lines. */
function literal(value: unknown, depth: number): string {
  const flat = inline(value);
  if (flat.length + depth * 2 <= 80 && !(Array.isArray(value) && value.length > 1 && depth === 1)) {
    return flat;
  }
  const indent = "  ".repeat(depth);
  if (Array.isArray(value)) {
    const items = value.map((item) => `${indent}  ${literal(item, depth + 1)},\n`);
    return `[\n${items.join("")}${indent}]`;
  }
  const entries = Object.entries(value as object).map(
    ([key, item]) => `${indent}  ${keyText(key)}: ${literal(item, depth + 1)},\n`,
  );
  return `{\n${entries.join("")}${indent}}`;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([key, item]) => `${keyText(key)}: ${inline(item)}`).join(", ")} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

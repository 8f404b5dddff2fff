import * as v from "valibot";
import { messageOf, VarveError } from "../errors.ts";
import { count } from "../wording/format.ts";
import type { Closure } from "../closure/closure.ts";

/** Components that share a layer. */
export interface PlannedLayer {
  /** Ids of the components, in the order in which they stand in the layer. */
  readonly paths: readonly string[];
  /** Why they are together, for a person. */
  readonly reason: string;
}

/** Which components share a layer; the bottom layer first. No component is in two layers. */
export interface Plan {
  readonly layers: readonly PlannedLayer[];
}

/** The plan as people read, compare and commit it: JSON with one path a line. */
export function planToJson({ layers }: Plan): string {
  const plain = layers.map(({ paths, reason }) => ({ paths, reason }));
  return `${JSON.stringify({ layers: plain }, undefined, 2)}\n`;
}

const planSchema = v.strictObject({
  layers: v.array(
    v.strictObject({
      paths: v.pipe(v.array(v.string()), v.minLength(1, "a layer needs at least one path")),
      reason: v.optional(v.string(), ""),
    }),
  ),
});

/**
 * Reads what `planToJson` wrote; `reason` may be missing in a plan written by hand.
 *
 * @param where the file it came from, for errors
 * @throws VarveError `PLAN_INVALID`, naming the place inside the plan
 */
export function parsePlan(json: string, where: string): Plan {
  const result = v.safeParse(planSchema, parseJson(json, where));
  if (!result.success) {
    const [issue] = result.issues;
    const place = v.getDotPath(issue);
    throw invalid(`${where}${place === null ? "" : `, at ${place}`}: ${issue.message}`);
  }
  const twice = firstRepeated(result.output);
  if (twice !== undefined) throw invalid(`${where} places ${twice} twice`);
  return result.output;
}

function parseJson(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid(`${where} is not JSON: ${messageOf(error)}`, error);
  }
}

function invalid(message: string, cause?: unknown): VarveError {
  return new VarveError("PLAN_INVALID", message, {
    hint: 'a plan reads {"layers":[{"paths":["…"],"reason":"…"}]}, each path in one layer; `varve plan --json` prints one',
    cause,
  });
}

function firstRepeated({ layers }: Plan): string | undefined {
  const seen = new Set<string>();
  for (const { paths } of layers) {
    for (const path of paths) {
      if (seen.has(path)) return path;
      seen.add(path);
    }
  }
  return undefined;
}

/**
 * Checks that the plan places every component of the closure exactly once, apart from those that
 * were left out on purpose, and nothing else.
 *
 * @throws VarveError `PLAN_MISMATCH`, naming a component
 */
export function assertPlanCovers(
  plan: Plan,
  closure: Closure,
  leftOut: ReadonlySet<string> = new Set(),
): void {
  const twice = firstRepeated(plan);
  if (twice !== undefined) throw mismatch(`the plan places ${twice} twice`);
  const placed = new Set(plan.layers.flatMap(({ paths }) => paths));
  const unknown = [...placed].find((path) => !closure.has(path));
  if (unknown !== undefined) {
    throw mismatch(`the plan places ${unknown}, which is not in the closure`);
  }
  const expected = closure.components.filter(({ id }) => !leftOut.has(id));
  const missing = expected.filter(({ id }) => !placed.has(id));
  if (missing.length > 0) {
    throw mismatch(
      `the plan leaves out ${missing[0]!.id}` +
        (missing.length === 1 ? "" : ` and ${count(missing.length - 1, "other path")}`),
    );
  }
  if (placed.size > expected.length) {
    const ignored = [...placed].find((path) => leftOut.has(path));
    throw mismatch(`the plan places ${ignored}, which was to be left out`);
  }
}

function mismatch(message: string): VarveError {
  return new VarveError("PLAN_MISMATCH", message, {
    hint: "the plan was made for another closure; make it anew with `varve plan`",
  });
}

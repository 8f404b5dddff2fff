import type { Closure } from "../closure/closure.ts";
import type { Plan, PlannedLayer } from "../layering/plan.ts";
import { count, cutTo, formatBytes, nameSome, shortName } from "../wording/format.ts";

const NAMES_SHOWN = 3;

/**
 * A plan for people: a line a layer, bottom first, and a line that sums it up.
 *
 * @param width columns of the terminal that lines are cut to; undefined for none
 */
export function planTable({ layers }: Plan, closure: Closure, width?: number): string {
  const rows = layers.map((layer, index) => {
    const place = String(index + 1).padStart(5);
    const size = formatBytes(sizeOf(layer.paths, closure)).padStart(8);
    const number = String(layer.paths.length).padStart(5);
    return `${place}  ${size}  ${number}  ${contents(layer, closure)}`;
  });
  const placed = layers.flatMap(({ paths }) => paths);
  const total = [
    count(layers.length, "layer"),
    count(placed.length, "path"),
    formatBytes(sizeOf(placed, closure)),
    ...(placed.length < closure.count ? [`${closure.count - placed.length} left out`] : []),
  ].join(", ");
  const lines = ["layer      size  paths  what", ...rows, total];
  return lines.map((line) => `${width === undefined ? line : cutTo(line, width)}\n`).join("");
}

/**
 * The biggest paths and why they are together. A reason that names the biggest says it all; of a
 * path that is alone there is nothing more to say.
 */
function contents({ paths, reason }: PlannedLayer, closure: Closure): string {
  const bySize = paths.toSorted((a, b) => closure.get(b).size - closure.get(a).size);
  const names = nameSome(bySize, NAMES_SHOWN);
  if (reason === "") return names;
  if (!reason.includes(shortName(bySize[0]!))) return `${names} (${reason})`;
  return paths.length === 1 ? names : reason;
}

function sizeOf(paths: readonly string[], closure: Closure): number {
  return paths.reduce((sum, path) => sum + closure.get(path).size, 0);
}

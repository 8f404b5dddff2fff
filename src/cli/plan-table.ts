import type { Closure } from "../closure/closure.ts";
import type { Plan } from "../layering/plan.ts";
import { count, formatBytes, nameSome } from "../wording/format.ts";

const NAMES_SHOWN = 3;

/** A plan for people: a line a layer, bottom first, and a line that sums it up. */
export function planTable({ layers }: Plan, closure: Closure): string {
  const rows = layers.map(({ paths, reason }, index) => {
    const size = paths.reduce((sum, path) => sum + closure.get(path).size, 0);
    const position = `${index + 1}`.padStart(4);
    return `${position} ${formatBytes(size).padStart(8)}  ${nameSome(paths, NAMES_SHOWN)} (${reason})\n`;
  });
  const total = `${count(layers.length, "layer")}, ${count(closure.count, "path")}, ${formatBytes(closure.size)}`;
  return `${rows.join("")}${total}\n`;
}

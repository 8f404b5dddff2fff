import type { Closure } from "../../closure/closure.ts";
import type { Plan, PlannedLayer } from "../../layering/plan.ts";
import { count, cutTo, formatBytes, nameSome, shortName } from "../../wording/format.ts";

const NAMES_SHOWN = 3;

/** Component → its size in bytes. */
type Sizes = ReadonlyMap<string, number>;

/**
 * A plan for people: a line a layer, bottom first, and a line that sums it up.
 *
 * @param width columns of the terminal that lines are cut to; undefined for none
 */
export function planTable({ layers }: Plan, closures: readonly Closure[], width?: number): string {
  const sizes = new Map(
    closures.flatMap(({ components }) => components.map(({ id, size }) => [id, size])),
  );
  const rows = layers.map((layer, index) => {
    const place = String(index + 1).padStart(5);
    const size = formatBytes(sizeOf(layer.paths, sizes)).padStart(8);
    const number = String(layer.paths.length).padStart(5);
    return `${place}  ${size}  ${number}  ${contents(layer, sizes)}`;
  });
  const placed = layers.flatMap(({ paths }) => paths);
  const total = [
    count(layers.length, "layer"),
    count(placed.length, "path"),
    formatBytes(sizeOf(placed, sizes)),
    ...(placed.length < sizes.size ? [`${sizes.size - placed.length} left out`] : []),
  ].join(", ");
  const lines = ["layer      size  paths  what", ...rows, total];
  return lines.map((line) => `${width === undefined ? line : cutTo(line, width)}\n`).join("");
}

/**
 * The biggest paths and why they are together. A reason that names the biggest says it all; of a
 * path that is alone there is nothing more to say.
 */
function contents({ paths, reason }: PlannedLayer, sizes: Sizes): string {
  const bySize = paths.toSorted((a, b) => sizes.get(b)! - sizes.get(a)!);
  const names = nameSome(bySize, NAMES_SHOWN);
  if (reason === "") return names;
  if (!reason.includes(shortName(bySize[0]!))) return `${names} (${reason})`;
  return paths.length === 1 ? names : reason;
}

function sizeOf(paths: readonly string[], sizes: Sizes): number {
  return paths.reduce((sum, path) => sum + sizes.get(path)!, 0);
}

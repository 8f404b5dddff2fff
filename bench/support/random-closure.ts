import type { ComponentInput } from "../../src/closure/closure.ts";
import { randomLists, randomNumbers } from "../../test/closure/support/arbitrary-graph.ts";

/** A closure of so many store paths, each of which refers to so many others; always the same. */
export function randomClosure(count: number, references: number): ComponentInput[] {
  const random = randomNumbers(1);
  const ids = Array.from({ length: count }, (_, index) => {
    const hash = Array.from({ length: 32 }, () => Math.floor(random() * 32).toString(32));
    return `/nix/store/${hash.join("")}-package${index}-1.0`;
  });
  const inputs = randomLists(count, references, 2).map((targets, index) => ({
    id: ids[index]!,
    references: targets.map((target) => ids[target]!),
    size: Math.floor(Math.exp(random() * 18)),
  }));
  // As from a file: no two of its strings are the same object.
  return JSON.parse(JSON.stringify(inputs)) as ComponentInput[];
}

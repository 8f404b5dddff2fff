/**
 * How long planning takes: `node bench/layering.ts [paths…]`, by default 4000 and 40000 paths with
 * ten references each. For each step the fastest of five runs.
 */
import { Closure } from "../src/closure/closure.ts";
import { planLayers, STRATEGIES } from "../src/layering/strategies.ts";
import { randomClosure } from "./support/random-closure.ts";

const RUNS = 5;
const REFERENCES = 10;
const MAX_LAYERS = 100;

function fastest(action: () => unknown): string {
  const times = Array.from({ length: RUNS }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  });
  return `${Math.min(...times)
    .toFixed(1)
    .padStart(8)} ms`;
}

const counts = process.argv.slice(2).map(Number);
for (const count of counts.length > 0 ? counts : [4000, 40_000]) {
  const inputs = randomClosure(count, REFERENCES);
  console.log(`${count} paths, ${REFERENCES} references each, at most ${MAX_LAYERS} layers`);
  const report = (step: string, action: () => unknown) => {
    console.log(`  ${step.padEnd(20)}${fastest(action)}`);
  };
  report("closure", () => Closure.of(inputs));
  for (const strategy of STRATEGIES.keys()) {
    // A closure remembers its graph turned round: a new one for each run is the honest measure.
    const closures = Array.from({ length: RUNS }, () => Closure.of(inputs));
    report(strategy, () => planLayers(closures.pop()!, { maxLayers: MAX_LAYERS, strategy }));
  }
}

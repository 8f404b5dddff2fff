import { describe, expect, it } from "vitest";
import { Closure } from "../../src/closure/closure.ts";
import { autoLayer } from "../../src/layering/auto-layer.ts";
import { popularityContest } from "../../src/layering/popularity-contest.ts";
import { planLayers } from "../../src/layering/strategies.ts";
import type { Plan } from "../../src/layering/plan.ts";
import { goldenFiles, hasGolden, readGolden } from "../support/golden.ts";

interface Golden {
  readonly graph: ReadonlyArray<{
    readonly path: string;
    readonly references: readonly string[];
    readonly narSize: number;
    readonly narHash: string;
  }>;
  readonly autoLayer: ReadonlyArray<{ readonly limit: number; readonly partition: Partition }>;
  readonly autoLayerIgnoring: {
    readonly ignore: readonly string[];
    readonly limit: number;
    readonly partition: Partition;
  };
  readonly pipelines: ReadonlyArray<{
    readonly pipeline: readonly unknown[];
    readonly layers: ReadonlyArray<readonly string[]>;
  }>;
}

type Partition = ReadonlyArray<readonly string[]>;

// Also says that there is a suite in a clone without golden files, where the others vanish.
it.skipIf(!hasGolden())("there are plans of dockerTools to compare with", () => {
  expect(goldenFiles("layering")).not.toEqual([]);
});

describe.skipIf(!hasGolden()).each(goldenFiles("layering"))(
  "layers that nixpkgs plans: %s",
  (name) => {
    const golden = readGolden("layering", name) as Golden;
    const closure = Closure.of(
      golden.graph.map(({ path, references, narSize, narHash }) => ({
        id: path,
        references,
        size: narSize,
        contentHash: narHash,
      })),
    );

    it.each(golden.autoLayer)("auto-layer, $limit layers", ({ limit, partition }) => {
      const plan = autoLayer(closure, limit, new Set());
      expect(partitionOf(plan)).toEqual(partition);
    });

    it("auto-layer with an ignore list", () => {
      const { ignore, limit, partition } = golden.autoLayerIgnoring;
      expect(partitionOf(autoLayer(closure, limit, new Set(ignore)))).toEqual(partition);
    });

    it.each(golden.pipelines)("layeringPipeline $pipeline", ({ pipeline, layers }) => {
      const plan = planLayers(closure, { maxLayers: 1, pipeline });
      expect(plan.layers.map(({ paths }) => paths)).toEqual(layers);
    });

    it("the popularity contest ranks as the pipeline's step does", () => {
      const [ranking] = golden.pipelines;
      expect(ranking?.pipeline).toEqual([["popularity_contest"]]);
      const plan = popularityContest(closure, closure.count, new Set());
      expect(plan.layers.map(({ paths }) => paths)).toEqual(ranking?.layers);
    });
  },
);

/** Only the partition is golden: paths of a layer sorted, layers sorted. */
function partitionOf({ layers }: Plan): string[][] {
  return layers.map(({ paths }) => paths.toSorted()).toSorted(([a], [b]) => (a! < b! ? -1 : 1));
}

import { describe, expect, it } from "vitest";
import { compareRebuild } from "../../src/comparison/compare-rebuild.ts";
import type { RebuildComparison } from "../../src/comparison/compare-rebuild.ts";
import { factsOf } from "../../src/comparison/image-facts.ts";
import type { Layer } from "../../src/image/layer.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { CountedLayer, imageOf } from "./support/images.ts";
import { MemorySource } from "./support/memory-source.ts";
import { file } from "./support/tars.ts";

const KEY = `sha256:${"c".repeat(64)}`;

function layer(name: string, content: string, paths: readonly string[] = []): CountedLayer {
  return new CountedLayer([file(name, content)], paths);
}

async function compare(
  kept: readonly CountedLayer[],
  rebuilt: readonly CountedLayer[],
): Promise<RebuildComparison> {
  return compareRebuild(await factsOf("a", imageOf(kept)), await factsOf("b", imageOf(rebuilt)));
}

/** A layer in a registry, with what its annotations say. */
function annotated(own: CountedLayer, contentKey: string, diffId = own.diffId): CountedLayer {
  const annotations = {
    "dev.varve.layer.key": contentKey,
    "dev.varve.layer.diff-id": diffId,
    "dev.varve.layer.size": "1",
  };
  const descriptor = { mediaType: MEDIA_TYPE.layer, digest: own.diffId, size: 1, annotations };
  return Object.assign(own, { blob: { descriptor, source: new MemorySource() } });
}

function keyed(own: CountedLayer, contentKey: string | undefined): CountedLayer {
  return Object.assign(own, { contentKey }) as CountedLayer & Pick<Layer, "contentKey">;
}

describe("compareRebuild", () => {
  it("proves an image without reading a layer", async () => {
    const layers = [layer("a", "1"), layer("b", "2")];
    expect(await compare(layers, layers)).toMatchObject({
      verified: true,
      config: [],
      layers: [{ same: true }, { same: true }],
      findings: [],
    });
    expect(layers.map(({ read }) => read)).toEqual([0, 0]);
  });

  it("tells the file, the field and the first byte", async () => {
    const comparison = await compare(
      [layer("a", "1"), layer("b", "before and after")],
      [layer("a", "1"), layer("b", "before, and after")],
    );
    expect(comparison).toMatchObject({
      verified: false,
      layers: [
        { same: true },
        {
          index: 1,
          same: false,
          difference: {
            entries: [{ path: "b", fields: [{ field: "size" }, {}], firstDifferentByte: 6 }],
          },
        },
      ],
    });
  });

  it("compares layers of the same components, wherever they are", async () => {
    const [one, two] = [layer("one", "1", ["/s/one"]), layer("two", "2", ["/s/two"])];
    const other = layer("two", "3", ["/s/two"]);
    const comparison = await compare([one, two], [other, layer("new", "n", ["/s/new"]), one]);
    expect(comparison.layers).toMatchObject([
      { index: 0, same: true },
      { index: 1, same: false, rebuilt: other.diffId },
      { index: undefined, diffId: undefined, paths: ["/s/new"] },
    ]);
  });

  it("finds content keys that promise other bytes", async () => {
    const right = annotated(layer("a", "1"), KEY);
    expect(await compare([right], [keyed(layer("a", "1"), KEY)])).toMatchObject({
      verified: true,
      findings: [],
    });
    const otherKey = KEY.replaceAll("c", "d");
    const wrongKey = await compare([right], [keyed(layer("a", "1"), otherKey)]);
    expect(wrongKey).toMatchObject({ verified: false });
    expect(wrongKey.findings[0]!.problem).toBe(
      `is annotated with the content key ${KEY}, not ${otherKey}`,
    );
    const other = layer("a", "2");
    const poisoned = await compare([annotated(layer("a", "1"), KEY)], [keyed(other, KEY)]);
    expect(poisoned.findings[0]!.problem).toBe(
      `is annotated with the content key of other bytes: those of ${other.diffId}`,
    );
    const lying = annotated(layer("a", "1"), KEY, other.diffId);
    const lied = await compare([lying], [keyed(layer("a", "1"), KEY)]);
    expect(lied.findings.map(({ problem }) => problem)).toContain(
      `is annotated as ${other.diffId}, but the config lists ${lying.diffId}`,
    );
  });
});

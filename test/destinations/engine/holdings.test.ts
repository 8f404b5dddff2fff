import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Holdings } from "../../../src/destinations/engine/holdings.ts";
import type { MemoryLayer } from "../support/memory-image.ts";
import { memoryLayers } from "../support/memory-image.ts";

const contents = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 7 });
const images = fc.array(contents, { maxLength: 4 });

function diffIdsOf(texts: readonly string[]): string[] {
  return memoryLayers(texts).map(({ diffId }) => diffId);
}

function holding(rule: "prefix" | "anywhere", engine: readonly string[][]): Holdings {
  const holdings = new Holdings(rule);
  for (const image of engine) holdings.add(diffIdsOf(image));
  return holdings;
}

function hashed(layers: readonly MemoryLayer[]): number[] {
  return layers.flatMap((layer, index) => (layer.hashed > 0 ? [index] : []));
}

/** The longest beginning that one of the images has, too. */
function longestPrefix(image: readonly string[], engine: readonly string[][]): number {
  const prefixes = image.map((_, index) => image.slice(0, index + 1).join());
  return prefixes.filter((prefix) =>
    engine.some((held) => `${held.join()},`.startsWith(`${prefix},`)),
  ).length;
}

describe("layers that an engine has", () => {
  it("are a beginning of one of its images, whether digests are known or not", async () => {
    await fc.assert(
      fc.asyncProperty(contents, images, fc.func(fc.boolean()), async (image, engine, known) => {
        const layers = image.map(
          (text, index) => memoryLayers([text], { known: known(index) })[0]!,
        );
        const positions = await holding("prefix", engine).positions(layers);
        const length = longestPrefix(image, engine);
        expect([...positions]).toEqual(Array.from({ length }, (_, index) => index));
        expect(layers.every((layer) => layer.streamed === 0)).toBe(true);
      }),
    );
  });

  it("are any of its layers where their place does not count", async () => {
    await fc.assert(
      fc.asyncProperty(contents, images, async (image, engine) => {
        const positions = await holding("anywhere", engine).positions(memoryLayers(image));
        const all = new Set(engine.flat());
        expect([...positions]).toEqual([...image.keys()].filter((index) => all.has(image[index]!)));
      }),
    );
  });

  it("are not sought by hashing when the engine has nothing", async () => {
    const layers = memoryLayers(["a", "b"], { known: false });
    for (const rule of ["prefix", "anywhere"] as const) {
      expect((await new Holdings(rule).positions(layers)).size).toBe(0);
    }
    expect(hashed(layers)).toEqual([]);
  });

  it("cost one hash when the engine's image is another", async () => {
    for (const rule of ["prefix", "anywhere"] as const) {
      const layers = memoryLayers(["x", "a", "b", "c"], { known: false });
      await holding(rule, [["a", "b", "c"]]).positions(layers);
      expect(hashed(layers)).toEqual([0]);
    }
  });

  it("are not hashed above a layer that the engine lacks", async () => {
    const layers = [
      ...memoryLayers(["a", "b"], { known: true }),
      ...memoryLayers(["x", "c", "d"], { known: false }),
    ];
    const positions = await holding("prefix", [["a", "b", "c", "d"]]).positions(layers);
    expect([...positions]).toEqual([0, 1]);
    expect(hashed(layers)).toEqual([2]);
  });

  it("are all found when nothing is remembered", async () => {
    const texts = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const layers = memoryLayers(texts, { known: false });
    const positions = await holding("prefix", [texts]).positions(layers);
    expect(positions.size).toBe(8);
    expect(layers.every((layer) => layer.hashed === 1)).toBe(true);
  });
});

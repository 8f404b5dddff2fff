import { describe, expect, it } from "vitest";
import { assertLoadable, layerSlots } from "../../src/layering/slots.ts";

describe("layerSlots", () => {
  it.each([
    [100, 0, 1, 99],
    [100, 12, 1, 87],
    [4, 2, 1, 1],
    [2, 0, 1, 1],
    [1, 0, 0, 1],
  ])(
    "leaves, of %d with %d of the base and %d own, %d",
    (maxLayers, baseLayers, ownLayers, slots) => {
      expect(layerSlots({ maxLayers, baseLayers, ownLayers })).toBe(slots);
    },
  );

  it.each([
    [
      { maxLayers: 4, baseLayers: 4, ownLayers: 1 },
      "no layer is left for the closure: at most 4 are allowed, the base image has 4 layers and the image's own files take 1 layer",
      "raise the limit (--max-layers) to 6 or more",
    ],
    [
      { maxLayers: 1, baseLayers: 1, ownLayers: 0 },
      "no layer is left for the closure: at most 1 are allowed, the base image has 1 layer",
      "raise the limit (--max-layers) to 2 or more",
    ],
    [
      { maxLayers: 1, baseLayers: 0, ownLayers: 1 },
      "no layer is left for the closure: at most 1 are allowed, the image's own files take 1 layer",
      "raise the limit (--max-layers) to 2 or more",
    ],
  ])("explains when none is left: %j", (budget, message, hint) => {
    expect(() => layerSlots(budget)).toThrow(
      expect.objectContaining({ code: "MAX_LAYERS_TOO_SMALL", message, hint }),
    );
  });

  it("refuses what is no number of layers", () => {
    expect(() => layerSlots({ maxLayers: 0, baseLayers: 0, ownLayers: 0 })).toThrow(
      "maxLayers must be a whole number from 1, not 0",
    );
  });
});

describe("assertLoadable", () => {
  it("lets pass what Docker loads", () => {
    expect(() => assertLoadable(0, 125)).not.toThrow();
    expect(() => assertLoadable(25, 100)).not.toThrow();
  });

  it.each([
    [0, 126, "the image would have 126 layers, and Docker loads at most 125", /lower the limit/],
    [
      30,
      100,
      /^the image would have 130 layers \(30 of the base image, 100 on top\), and Docker loads at most 125$/,
      /lower the limit .* to 125/,
    ],
    [125, 1, /126 layers/, /base image with fewer layers/],
  ])("refuses %d + %d", (base, own, message, hint) => {
    expect(() => assertLoadable(base, own)).toThrow(
      expect.objectContaining({
        code: "TOO_MANY_LAYERS",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      }),
    );
  });
});

import { describe, expect, it } from "vitest";
import { announceAhead, WatchedLayer } from "../../src/destinations/watched-layer.ts";
import type { ProgressEvent } from "../../src/progress/events.ts";
import { CountedLayer } from "../comparison/support/images.ts";
import { file } from "../comparison/support/tars.ts";

const PLACE = { index: 1, of: 3 };

function watched(): { layer: CountedLayer; watched: WatchedLayer; events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  const layer = new CountedLayer([file("a", "x".repeat(9000))], ["/a"]);
  const report = (event: ProgressEvent): void => {
    events.push(event);
  };
  return { layer, watched: new WatchedLayer(layer, PLACE, report), events };
}

describe("WatchedLayer", () => {
  it("gives the layer's bytes, and tells how far it is", async () => {
    const { layer, watched: own, events } = watched();
    const bytes: Uint8Array[] = [];
    for await (const chunk of own.stream()) bytes.push(chunk);
    const size = await layer.size();
    expect(Buffer.concat(bytes)).toHaveLength(size);
    const event = { kind: "moving", ...PLACE, total: size, paths: ["/a"] };
    expect(events).toEqual([
      { ...event, done: 5000 },
      { ...event, done: 10_000 },
      { ...event, done: size },
    ]);
  });

  it("is the layer in all else", async () => {
    const { layer, watched: own } = watched();
    expect(own.name).toBe(layer.name);
    expect(own.knownDiffId()).toBe(layer.diffId);
    expect(await own.identity()).toEqual(await layer.identity());
    expect(own.writeTo).toBeUndefined();
  });

  it("writes by itself where the layer can", async () => {
    const { layer, events } = watched();
    const written: number[] = [];
    const writing = Object.assign(layer, {
      writeTo: async (fd: number) => {
        written.push(fd);
      },
    });
    await new WatchedLayer(writing, PLACE, (event) => events.push(event)).writeTo!(7);
    expect(written).toEqual([7]);
    const size = await layer.size();
    expect(events.map((event) => "done" in event && event.done)).toEqual([0, size]);
  });
});

describe("announceAhead", () => {
  it("tells how much is to go through, and never fails", async () => {
    const events: ProgressEvent[] = [];
    const { layer } = watched();
    announceAhead([layer, layer], (event) => events.push(event));
    const failing = Object.assign(watched().layer, {
      size: async () => {
        throw new Error("gone");
      },
    });
    announceAhead([failing], (event) => events.push(event));
    announceAhead([], (event) => events.push(event));
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([{ kind: "ahead", layers: 2, bytes: 2 * (await layer.size()) }]);
  });
});

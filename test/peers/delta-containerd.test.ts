import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { memoryImage, memoryLayers } from "../destinations/support/memory-image.ts";
import { debian13Root, debian13Wanted } from "./support/debian13.ts";
import { startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { MEGABYTE, megabytes, SMALL, WatchedLoads } from "./support/watched-loads.ts";

// Only with VARVE_TEST_DEBIAN13=1: see debian13.ts.
describe.skipIf(!debian13Wanted())("what Docker's containerd store is spared", () => {
  let engine: TestDockerd;
  let loads: WatchedLoads;

  beforeAll(async () => {
    engine = await startDockerd({ root: await debian13Root(), store: "containerd" });
    loads = await WatchedLoads.start(
      engine.socket,
      (name, file) => engine.docker("save", "--output", file, name),
      engine.folder,
    );
  });
  afterAll(async () => {
    await loads?.stop();
    await engine?.stop();
  });
  const removeAll = async (): Promise<void> => {
    const images = (await engine.docker("images", "--all", "--quiet")).split("\n").filter(Boolean);
    if (images.length > 0) await engine.docker("rmi", "--force", ...new Set(images));
    await engine.docker("image", "prune", "--all", "--force");
  };
  beforeEach(async () => {
    await removeAll();
    loads.forget();
  });

  it("is everything when nothing has changed", async () => {
    const image = memoryImage(memoryLayers(megabytes("a", "b")));
    expect((await loads.load(image, ["app:1"])).engine).toMatchObject({
      store: "containerd",
      way: "whole",
    });
    loads.forget();
    expect((await loads.load(image, ["app:1"])).engine.way).toBe("unchanged");
    expect((await loads.load(image, ["app:1", "app:2"])).engine.way).toBe("tagged");
    expect(loads.proxy.loads).toBe(0);
  });

  it("is any layer that varve has loaded", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b", "c"))), ["app:1"]);
    const image = memoryImage(memoryLayers(megabytes("b", "new", "c")));
    const delivery = await loads.load(image, ["app:1", "app:2"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 2 });
    expect(loads.sent).toEqual([1]);
    expect(loads.proxy.bytes).toBeLessThan(MEGABYTE + SMALL);
    // Again and again: what was left out once is there the next time.
    const next = memoryImage(memoryLayers(megabytes("c", "b", "newer")));
    await engine.docker("image", "prune", "--force");
    expect((await loads.load(next, ["app:1"])).engine).toMatchObject({ layersSent: 1 });
  });

  it("is the same when one load follows another", async () => {
    const stable = Array.from({ length: 60 }, (_, index) => `stable ${index}`);
    await loads.loadOnly(memoryImage(memoryLayers([...stable, "first"])), ["app:1"]);
    for (let turn = 0; turn < 15; turn += 1) {
      const image = memoryImage(memoryLayers([...stable, `turn ${turn}`]));
      const { engine: told } = await loads.loadOnly(image, ["app:1"]);
      expect(told).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 60 });
    }
  });

  it("is no layer of an image that others have brought", async () => {
    const file = `${engine.folder}/other.tar`;
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    await engine.docker("save", "--output", file, "app:1");
    await removeAll();
    await engine.docker("load", "--input", file);
    loads.forget();
    const delivery = await loads.load(memoryImage(memoryLayers(megabytes("a", "c"))), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2 });
  });

  it("is sent after all when it is removed in between", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    loads.proxy.beforeNextLoad(removeAll);
    const delivery = await loads.load(memoryImage(memoryLayers(megabytes("a", "c"))), ["app:1"]);
    expect(delivery.engine).toMatchObject({
      way: "whole",
      layersSent: 2,
      secondTry: expect.any(String),
    });
  });
});

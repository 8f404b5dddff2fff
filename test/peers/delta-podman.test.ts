import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { memoryImage, memoryLayers } from "../destinations/support/memory-image.ts";
import { absent } from "./support/absent.ts";
import { startPodman } from "./support/podman.ts";
import type { TestPodman } from "./support/podman.ts";
import { MEGABYTE, megabytes, SMALL, WatchedLoads } from "./support/watched-loads.ts";

describe.skipIf(absent(["podman"]))("what podman is spared", () => {
  let podman: TestPodman;
  let loads: WatchedLoads;

  beforeAll(async () => {
    podman = await startPodman();
    loads = await WatchedLoads.start(podman.socket, (name, file) =>
      podman.podman("save", "--output", file, name),
    );
  });
  afterAll(async () => {
    await loads?.stop();
    await podman?.stop();
  });
  beforeEach(async () => {
    await podman.podman("rmi", "--all", "--force");
    loads.forget();
  });

  it("is everything when nothing has changed", async () => {
    const image = memoryImage(memoryLayers(megabytes("a", "b")));
    expect((await loads.load(image, ["app:1"])).engine).toMatchObject({
      store: "podman",
      way: "whole",
    });
    expect((await loads.load(image, ["app:1"])).engine.way).toBe("unchanged");
    expect((await loads.load(image, ["app:1", "app:2"])).engine.way).toBe("tagged");
    expect(loads.proxy.loads).toBe(0);
  });

  it("is any layer that it has, under several names, too", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b", "c"))), ["app:1"]);
    const image = memoryImage(memoryLayers(megabytes("b", "new", "c")));
    const delivery = await loads.load(image, ["app:1", "reg.example:5000/app:2"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 2 });
    expect(loads.sent).toEqual([1]);
    expect(loads.proxy.bytes).toBeLessThan(MEGABYTE + SMALL);
    expect(await podman.podman("images", "--format", "{{.Repository}}:{{.Tag}}")).toContain(
      "reg.example:5000/app:2",
    );
  });

  it("is sent after all when it is removed in between", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    loads.proxy.beforeNextLoad(() => podman.podman("rmi", "--all", "--force"));
    const delivery = await loads.load(memoryImage(memoryLayers(megabytes("a", "c"))), ["app:1"]);
    expect(delivery.engine).toMatchObject({
      way: "whole",
      layersSent: 2,
      secondTry: expect.stringContaining("no such file or directory"),
    });
  });
});

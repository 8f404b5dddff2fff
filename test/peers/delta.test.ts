import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { memoryImage, memoryLayers } from "../destinations/support/memory-image.ts";
import { writeConf } from "../support/conf.ts";
import { startVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { MEGABYTE, megabytes, SMALL, WatchedLoads } from "./support/watched-loads.ts";

const storePath = (letter: string): string => `/nix/store/${letter.repeat(32)}-thing-${letter}`;

describe.skipIf(dockerdAbsent())("what a Docker engine is spared", () => {
  let engine: TestDockerd;
  let loads: WatchedLoads;

  beforeAll(async () => {
    engine = await startDockerd();
    loads = await WatchedLoads.start(engine.socket, (name, file) =>
      engine.docker("save", "--output", file, name),
    );
  });
  afterAll(async () => {
    await loads?.stop();
    await engine?.stop();
  });
  beforeEach(async () => {
    const images = (await engine.docker("images", "--all", "--quiet")).split("\n").filter(Boolean);
    if (images.length > 0) await engine.docker("rmi", "--force", ...new Set(images));
    loads.forget();
  });

  /** The store and the customisation layer are the same each time. */
  function confOf(...letters: readonly string[]): string[] {
    const root = path.join(loads.folder, "store");
    createStorePaths(
      root,
      letters.map((letter) => ({
        path: storePath(letter),
        entries: [{ path: "", type: "file", text: letter, repeat: MEGABYTE }],
      })),
    );
    const conf = writeConf(root, { store_layers: letters.map((letter) => [storePath(letter)]) });
    return ["--conf", conf, "--store-root", root, "--host", loads.proxy.host];
  }

  /** Not synchronously, since the proxy is in this process. */
  async function varve(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const env = { ...process.env, VARVE_CACHE_DIR: loads.cacheFolder };
    const child = startVarve(["load", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, "close"),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    return { stdout, stderr };
  }

  it("is nothing at first", async () => {
    const layers = memoryLayers(megabytes("a", "b"), { known: false });
    const delivery = await loads.load(memoryImage(layers), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2, layersKnown: 0 });
    expect(delivery.written).toBeGreaterThan(2 * MEGABYTE);
    expect(loads.proxy.bytes).toBeGreaterThan(delivery.written);
    expect(loads.sent).toEqual([0, 1]);
    expect(layers.map(({ hashed, streamed }) => ({ hashed, streamed }))).toEqual([
      { hashed: 0, streamed: 1 },
      { hashed: 0, streamed: 1 },
    ]);
  });

  it("is everything when nothing has changed, remembered or not", async () => {
    const contents = megabytes("a", "b");
    await loads.load(memoryImage(memoryLayers(contents)), ["app:1"]);
    for (const known of [true, false]) {
      const layers = memoryLayers(contents, { known });
      const delivery = await loads.load(memoryImage(layers), ["app:1"]);
      expect(delivery).toMatchObject({ written: 0, engine: { way: "unchanged", layersSent: 0 } });
      expect(loads.proxy.loads).toBe(0);
      expect(layers.every(({ streamed }) => streamed === 0)).toBe(true);
      expect(loads.spared).toEqual([0, 1]);
    }
  });

  it("is everything when only the name is new", async () => {
    const image = memoryImage(memoryLayers(megabytes("a", "b")));
    await loads.load(image, ["app:1"]);
    const delivery = await loads.load(image, ["app:1", "reg.example:5000/team/app:2"]);
    expect(delivery).toMatchObject({ written: 0, engine: { way: "tagged" } });
    expect(await loads.load(image, ["other:3"])).toMatchObject({
      written: 0,
      engine: { way: "tagged" },
    });
    expect(loads.proxy.loads).toBe(0);
  });

  it("is all but the config when only that has changed", async () => {
    const layers = memoryLayers(megabytes("a", "b"));
    await loads.load(memoryImage(layers), ["app:1"]);
    const delivery = await loads.load(memoryImage(layers, { Cmd: ["/other"] }), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 0, layersKnown: 2 });
    expect(loads.proxy.bytes).toBeLessThan(SMALL);
  });

  it("is all but a changed layer on top", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b", "c"))), ["app:1"]);
    const layers = [
      ...memoryLayers(megabytes("a", "b")),
      ...memoryLayers(megabytes("new"), { known: false }),
    ];
    const delivery = await loads.load(memoryImage(layers), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 2 });
    expect(loads.sent).toEqual([2]);
    expect(loads.spared).toEqual([0, 1]);
    expect(loads.proxy.bytes).toBeGreaterThan(MEGABYTE);
    expect(loads.proxy.bytes).toBeLessThan(MEGABYTE + SMALL);
    expect(loads.proxy.bytes - delivery.written).toBeLessThan(SMALL);
    expect(delivery.layers.map(({ sent }) => sent)).toEqual([false, false, true]);
  });

  it("ends at a layer changed in the middle", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b", "c"))), ["app:1"]);
    await loads.load(memoryImage(memoryLayers(megabytes("a", "new", "c"))), ["app:1"]);
    expect(loads.sent).toEqual([1, 2]);
    expect(loads.proxy.loads).toBe(1);
  });

  it("is what another image shares, found among the engine's images", async () => {
    const base = ["shared base ".repeat(MEGABYTE)];
    await loads.load(memoryImage(memoryLayers([...base, ...megabytes("x")])), ["another:1"]);
    await loads.load(memoryImage(memoryLayers(megabytes("y"))), ["third:1"]);
    loads.forget();
    const delivery = await loads.load(memoryImage(memoryLayers([...base, ...megabytes("z")])), [
      "new:1",
    ]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 1 });
    expect(loads.proxy.bytes).toBeLessThan(MEGABYTE + SMALL);
  });

  it("has its duplicates right, and as many layers as there may be", async () => {
    const names = Array.from({ length: 125 }, (_, index) => `layer ${index % 100}`);
    await loads.loadOnly(memoryImage(memoryLayers(names)), ["app:1"]);
    const changed = memoryLayers([...names.slice(0, 120), "new", ...names.slice(121)]);
    const delivery = await loads.loadOnly(memoryImage(changed), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 5, layersKnown: 120 });

    const tooMany = memoryImage(memoryLayers([...names, "one too many"]));
    await expect(loads.loadOnly(tooMany, ["app:1"])).rejects.toMatchObject({
      code: "ENGINE_LOAD",
      message: expect.stringContaining("max depth exceeded"),
    });
    // A reason that would come again is no reason to send everything.
    expect(loads.proxy.loads).toBe(1);
  });

  it("is not what somebody else has loaded under the name", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("x", "y"))), ["app:1"]);
    const delivery = await loads.load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2 });
  });

  it("is nothing when everything is asked for", async () => {
    const image = memoryImage(memoryLayers(megabytes("a", "b")));
    await loads.load(image, ["app:1"]);
    const delivery = await loads.load(image, ["app:1"], { full: true });
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2 });
    expect(loads.proxy.bytes).toBeGreaterThan(2 * MEGABYTE);
  });

  it("is sent after all when it is removed in between", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    const image = memoryImage(memoryLayers(megabytes("a", "c")));
    loads.proxy.beforeNextLoad(async () => {
      await engine.docker("rmi", "--force", "app:1");
      await engine.docker("image", "prune", "--all", "--force");
    });
    const delivery = await loads.load(image, ["app:1"]);
    expect(delivery.engine).toMatchObject({
      way: "whole",
      layersSent: 2,
      layersKnown: 0,
      secondTry: expect.stringContaining("no such file or directory"),
    });
    expect(loads.proxy.loads).toBe(2);
    expect(delivery.written).toBeGreaterThan(3 * MEGABYTE);
    expect(loads.events).toContainEqual({
      kind: "note",
      message: expect.stringMatching(/^everything is sent after all: .*no such file/),
    });
    expect(loads.events.at(-1)).toMatchObject({
      kind: "finished",
      known: 0,
      secondTry: delivery.engine.secondTry,
    });
  });

  it("is right when two load the same at once", async () => {
    await loads.load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    const images = [1, 2].map(() => memoryImage(memoryLayers(megabytes("a", "c", "d"))));
    await Promise.all(images.map((image) => loads.loadOnly(image, ["app:1"])));
    await loads.expectWhole(images[0]!, "app:1");
  });

  describe("varve load", () => {
    it("says what was sent, to people and to programs", async () => {
      expect((await varve(...confOf("a", "b"))).stderr).toMatch(
        /\ntest:latest: 3 layers, 2\.12 MB; 3 layers sent, 2\.13 MB \(100\.\d %\), in \d/,
      );
      const metadata = path.join(loads.folder, "metadata.json");
      const { stderr, stdout } = await varve(...confOf("a", "c"), "--metadata-file", metadata);
      expect(stderr).toMatch(
        /\ntest:latest: 3 layers, 2\.12 MB; 2 layers sent, 1\.08 MB \(\d\d\.\d %\), 1 known to the engine, in \d/,
      );
      expect(stdout).toContain("Loaded test:latest\nRun it: docker -H ");
      expect(JSON.parse(fs.readFileSync(metadata, "utf8"))).toMatchObject({
        references: ["test:latest"],
        written: expect.any(Number),
        layers: [{ sent: false }, { sent: true }, { sent: true }],
        engine: {
          address: loads.proxy.host,
          store: "classic",
          way: "partial",
          layersSent: 2,
          layersKnown: 1,
        },
      });
      loads.proxy.reset();
      expect((await varve(...confOf("a", "c"))).stderr).toMatch(
        /\ntest:latest: 3 layers, 2\.12 MB; nothing sent, all known to the engine, in \d/,
      );
      expect(loads.proxy.loads).toBe(0);
      const full = await varve(...confOf("a", "c"), "--full");
      expect(full.stderr).toContain("; 3 layers sent, ");
    });

    it("rehearses", async () => {
      await varve(...confOf("a", "b"));
      loads.proxy.reset();
      const { stdout } = await varve(...confOf("a", "c"), "--dry-run");
      expect(stdout).toBe(
        "test:latest would be loaded\n" +
          "the engine has some layers; would send: 2 of 3 layers, 1.06 MB of 2.12 MB\n" +
          "    2/3  1.05 MB  thing-c\n" +
          `    3/3  10.2 kB  ${/customisation-layer/.exec(stdout)?.input.split("  ").at(-1)}`,
      );
      const unchanged = await varve(...confOf("a", "b"), "--dry-run");
      expect(unchanged.stdout).toContain("would send nothing: 0 of 3");
      expect(loads.proxy.loads).toBe(0);
      expect(await engine.docker("images", "--quiet")).toHaveLength(12);
    });
  });
});

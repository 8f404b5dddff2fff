import { once } from "node:events";
import * as fs from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDockerArchive } from "../../src/archives/read-archive.ts";
import { loadIntoEngine } from "../../src/destinations/engine/load-into-engine.ts";
import type { EngineDelivery } from "../../src/destinations/engine/load-into-engine.ts";
import { connectEngine } from "../../src/engine/client.ts";
import type { EngineClient } from "../../src/engine/client.ts";
import { digestOf } from "../../src/image/digest.ts";
import type { Image } from "../../src/image/image.ts";
import { parseReference } from "../../src/image/reference.ts";
import type { ProgressEvent } from "../../src/progress/events.ts";
import { memoryImage, memoryLayers } from "../destinations/support/memory-image.ts";
import type { MemoryLayer } from "../destinations/support/memory-image.ts";
import { writeConf } from "../support/conf.ts";
import { startVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { startEngineProxy } from "./support/engine-proxy.ts";
import type { EngineProxy } from "./support/engine-proxy.ts";

/** Layers of about a megabyte each, told apart by their first letters. */
const MEGABYTE = 1 << 20;
const megabytes = (...names: readonly string[]): string[] =>
  names.map((name) => `${name} `.repeat(Math.ceil(MEGABYTE / (name.length + 1))));
/** What an archive holds besides layers, and what HTTP adds. */
const SMALL = 60_000;

const ignore = (): void => undefined;
const storePath = (letter: string): string => `/nix/store/${letter.repeat(32)}-thing-${letter}`;

describe.skipIf(dockerdAbsent())("what a Docker engine is spared", () => {
  let folder: string;
  let engine: TestDockerd;
  let proxy: EngineProxy;
  let client: EngineClient;
  let cacheFolder: string;
  let events: ProgressEvent[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "varve-delta-"));
    engine = await startDockerd();
    proxy = await startEngineProxy(engine.socket);
    client = await connectEngine({ host: proxy.host, env: {} });
  });
  afterAll(async () => {
    client?.close();
    await proxy?.stop();
    await engine?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    const images = (await engine.docker("images", "--all", "--quiet")).split("\n").filter(Boolean);
    if (images.length > 0) await engine.docker("rmi", "--force", ...new Set(images));
    cacheFolder = fs.mkdtempSync(path.join(folder, "cache-"));
    proxy.reset();
  });

  /** Loads, then proves with the engine's own `docker save` that all of it is there. */
  async function load(
    image: Image,
    names: readonly string[],
    options: { readonly full?: boolean } = {},
  ): Promise<EngineDelivery> {
    events = [];
    proxy.reset();
    const report = (event: ProgressEvent): void => void events.push(event);
    const references = names.map(parseReference);
    const delivery = await loadIntoEngine(image, references, client, report, {
      cacheFolder,
      ...options,
    });
    for (const name of names) await expectWhole(image, name);
    return delivery;
  }

  async function expectWhole(image: Image, name: string): Promise<void> {
    const file = path.join(folder, "saved.tar");
    await engine.docker("save", "--output", file, name);
    const saved = await openDockerArchive(file);
    expect(saved.layers.map(({ diffId }) => diffId)).toEqual(
      (image.layers as MemoryLayer[]).map(({ diffId }) => diffId),
    );
    expect(digestOf(saved.configBytes)).toBe(digestOf(await image.config()));
    // Reading checks the digest.
    for (const layer of saved.layers) for await (const _ of layer.stream()) continue;
    saved.close();
  }

  /** The store and the customisation layer are the same each time. */
  function confOf(...letters: readonly string[]): string[] {
    const root = path.join(folder, "store");
    createStorePaths(
      root,
      letters.map((letter) => ({
        path: storePath(letter),
        entries: [{ path: "", type: "file", text: letter, repeat: MEGABYTE }],
      })),
    );
    const conf = writeConf(root, { store_layers: letters.map((letter) => [storePath(letter)]) });
    return ["--conf", conf, "--store-root", root, "--host", proxy.host];
  }

  /** Not synchronously, since the proxy is in this process. */
  async function varve(...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const env = { ...process.env, VARVE_CACHE_DIR: cacheFolder };
    const child = startVarve(["load", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout!),
      text(child.stderr!),
      once(child, "close"),
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.any(String) });
    return { stdout, stderr };
  }

  const sentLayers = (): number[] =>
    events.flatMap((event) => (event.kind === "layer" && event.sent ? [event.index] : []));
  const sparedLayers = (): number[] =>
    events.flatMap((event) => (event.kind === "layer" && !event.sent ? [event.index] : []));

  it("is nothing at first", async () => {
    const layers = memoryLayers(megabytes("a", "b"), { known: false });
    const delivery = await load(memoryImage(layers), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2, layersKnown: 0 });
    expect(delivery.written).toBeGreaterThan(2 * MEGABYTE);
    expect(proxy.bytes).toBeGreaterThan(delivery.written);
    expect(sentLayers()).toEqual([0, 1]);
    expect(layers.map(({ hashed, streamed }) => ({ hashed, streamed }))).toEqual([
      { hashed: 0, streamed: 1 },
      { hashed: 0, streamed: 1 },
    ]);
  });

  it("is everything when nothing has changed, remembered or not", async () => {
    const contents = megabytes("a", "b");
    await load(memoryImage(memoryLayers(contents)), ["app:1"]);
    for (const known of [true, false]) {
      const layers = memoryLayers(contents, { known });
      const delivery = await load(memoryImage(layers), ["app:1"]);
      expect(delivery).toMatchObject({ written: 0, engine: { way: "unchanged", layersSent: 0 } });
      expect(proxy.loads).toBe(0);
      expect(layers.every(({ streamed }) => streamed === 0)).toBe(true);
      expect(sparedLayers()).toEqual([0, 1]);
    }
  });

  it("is everything when only the name is new", async () => {
    const image = memoryImage(memoryLayers(megabytes("a", "b")));
    await load(image, ["app:1"]);
    const delivery = await load(image, ["app:1", "reg.example:5000/team/app:2"]);
    expect(delivery).toMatchObject({ written: 0, engine: { way: "tagged" } });
    expect(await load(image, ["other:3"])).toMatchObject({ written: 0, engine: { way: "tagged" } });
    expect(proxy.loads).toBe(0);
  });

  it("is all but the config when only that has changed", async () => {
    const layers = memoryLayers(megabytes("a", "b"));
    await load(memoryImage(layers), ["app:1"]);
    const delivery = await load(memoryImage(layers, { Cmd: ["/other"] }), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 0, layersKnown: 2 });
    expect(proxy.bytes).toBeLessThan(SMALL);
  });

  it("is all but a changed layer on top", async () => {
    await load(memoryImage(memoryLayers(megabytes("a", "b", "c"))), ["app:1"]);
    const layers = [
      ...memoryLayers(megabytes("a", "b")),
      ...memoryLayers(megabytes("new"), { known: false }),
    ];
    const delivery = await load(memoryImage(layers), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 2 });
    expect(sentLayers()).toEqual([2]);
    expect(sparedLayers()).toEqual([0, 1]);
    expect(proxy.bytes).toBeGreaterThan(MEGABYTE);
    expect(proxy.bytes).toBeLessThan(MEGABYTE + SMALL);
    expect(proxy.bytes - delivery.written).toBeLessThan(SMALL);
    expect(delivery.layers.map(({ sent }) => sent)).toEqual([false, false, true]);
  });

  it("ends at a layer changed in the middle", async () => {
    await load(memoryImage(memoryLayers(megabytes("a", "b", "c"))), ["app:1"]);
    await load(memoryImage(memoryLayers(megabytes("a", "new", "c"))), ["app:1"]);
    expect(sentLayers()).toEqual([1, 2]);
    expect(proxy.loads).toBe(1);
  });

  it("is what another image shares, found among the engine's images", async () => {
    const base = ["shared base ".repeat(MEGABYTE)];
    await load(memoryImage(memoryLayers([...base, ...megabytes("x")])), ["another:1"]);
    await load(memoryImage(memoryLayers(megabytes("y"))), ["third:1"]);
    cacheFolder = fs.mkdtempSync(path.join(folder, "cache-"));
    const delivery = await load(memoryImage(memoryLayers([...base, ...megabytes("z")])), ["new:1"]);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 1, layersKnown: 1 });
    expect(proxy.bytes).toBeLessThan(MEGABYTE + SMALL);
  });

  it("has its duplicates right, and as many layers as there may be", async () => {
    const names = Array.from({ length: 125 }, (_, index) => `layer ${index % 100}`);
    const references = [parseReference("app:1")];
    const options = { cacheFolder };
    const first = memoryImage(memoryLayers(names));
    await loadIntoEngine(first, references, client, ignore, options);
    const changed = memoryImage(memoryLayers([...names.slice(0, 120), "new", ...names.slice(121)]));
    const delivery = await loadIntoEngine(changed, references, client, ignore, options);
    expect(delivery.engine).toMatchObject({ way: "partial", layersSent: 5, layersKnown: 120 });

    proxy.reset();
    const tooMany = memoryImage(memoryLayers([...names, "one too many"]));
    await expect(
      loadIntoEngine(tooMany, references, client, ignore, options),
    ).rejects.toMatchObject({
      code: "ENGINE_LOAD",
      message: expect.stringContaining("max depth exceeded"),
    });
    // A reason that would come again is no reason to send everything.
    expect(proxy.loads).toBe(1);
  });

  it("is not what somebody else has loaded under the name", async () => {
    await load(memoryImage(memoryLayers(megabytes("x", "y"))), ["app:1"]);
    const delivery = await load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2 });
  });

  it("is nothing when everything is asked for", async () => {
    const image = memoryImage(memoryLayers(megabytes("a", "b")));
    await load(image, ["app:1"]);
    const delivery = await load(image, ["app:1"], { full: true });
    expect(delivery.engine).toMatchObject({ way: "whole", layersSent: 2 });
    expect(proxy.bytes).toBeGreaterThan(2 * MEGABYTE);
  });

  it("is sent after all when it is removed in between", async () => {
    await load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    const image = memoryImage(memoryLayers(megabytes("a", "c")));
    proxy.beforeNextLoad(async () => {
      await engine.docker("rmi", "--force", "app:1");
      await engine.docker("image", "prune", "--all", "--force");
    });
    const delivery = await load(image, ["app:1"]);
    expect(delivery.engine).toMatchObject({
      way: "whole",
      layersSent: 2,
      layersKnown: 0,
      secondTry: expect.stringContaining("no such file or directory"),
    });
    expect(proxy.loads).toBe(2);
    expect(delivery.written).toBeGreaterThan(3 * MEGABYTE);
    expect(events).toContainEqual({
      kind: "note",
      message: expect.stringMatching(/^everything is sent after all: .*no such file/),
    });
    expect(events.at(-1)).toMatchObject({
      kind: "finished",
      known: 0,
      secondTry: delivery.engine.secondTry,
    });
  });

  it("is right when two load the same at once", async () => {
    await load(memoryImage(memoryLayers(megabytes("a", "b"))), ["app:1"]);
    const images = [1, 2].map(() => memoryImage(memoryLayers(megabytes("a", "c", "d"))));
    await Promise.all(
      images.map((image) =>
        loadIntoEngine(image, [parseReference("app:1")], client, ignore, { cacheFolder }),
      ),
    );
    await expectWhole(images[0]!, "app:1");
  });

  describe("varve load", () => {
    it("says what was sent, to people and to programs", async () => {
      expect((await varve(...confOf("a", "b"))).stderr).toMatch(
        /\ntest:latest: 3 layers, 2\.12 MB; 3 layers sent, 2\.13 MB \(100\.\d %\), in \d/,
      );
      const metadata = path.join(folder, "metadata.json");
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
          address: proxy.host,
          store: "classic",
          way: "partial",
          layersSent: 2,
          layersKnown: 1,
        },
      });
      proxy.reset();
      expect((await varve(...confOf("a", "c"))).stderr).toMatch(
        /\ntest:latest: 3 layers, 2\.12 MB; nothing sent, all known to the engine, in \d/,
      );
      expect(proxy.loads).toBe(0);
      const full = await varve(...confOf("a", "c"), "--full");
      expect(full.stderr).toContain("; 3 layers sent, ");
    });

    it("rehearses", async () => {
      await varve(...confOf("a", "b"));
      proxy.reset();
      const { stdout } = await varve(...confOf("a", "c"), "--dry-run");
      expect(stdout).toBe(
        "test:latest would be loaded\n" +
          "the engine has some layers; would send: 2 of 3 layers, 1.06 MB of 2.12 MB\n" +
          "    2/3  1.05 MB  thing-c\n" +
          `    3/3  10.2 kB  ${/customisation-layer/.exec(stdout)?.input.split("  ").at(-1)}`,
      );
      const unchanged = await varve(...confOf("a", "b"), "--dry-run");
      expect(unchanged.stdout).toContain("would send nothing: 0 of 3");
      expect(proxy.loads).toBe(0);
      expect(await engine.docker("images", "--quiet")).toHaveLength(12);
    });
  });
});

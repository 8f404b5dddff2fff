import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { EngineMemory } from "../../../src/destinations/engine/engine-memory.ts";
import { planLoad } from "../../../src/destinations/engine/load-plan.ts";
import type { LoadPlan } from "../../../src/destinations/engine/load-plan.ts";
import { digestOf } from "../../../src/image/digest.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { scriptedEngine } from "../../engine/support/scripted-engine.ts";
import type { ScriptedEngine } from "../../engine/support/scripted-engine.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { memoryImage, memoryLayers } from "../support/memory-image.ts";

interface HeldImage {
  readonly tag: string | undefined;
  readonly contents: readonly string[];
  /** Seconds since 1970. */
  readonly created?: number;
}

interface Engine extends ScriptedEngine {
  /** Images that were asked for, by name or ID. */
  inspected(): string[];
  listed(): boolean;
}

interface Oddities {
  /** Does not answer the request for a list. */
  readonly silentList?: boolean;
  /** Cannot describe this image. */
  readonly damaged?: string;
}

/** More than is sent rather than looked for. */
const large = (name: string): string => `${name} `.repeat((9 << 20) / (name.length + 1));
const idOf = (name: string): string => digestOf(Buffer.from(name));
const info = { ID: "ABCD", Driver: "overlay2" };

/** An engine that has these images; what no real one could have in the time of a test. */
async function engineWith(held: readonly HeldImage[], oddities: Oddities = {}): Promise<Engine> {
  const images = held.map(({ tag, contents, created = 1_700_000_000 }, index) => ({
    Id: idOf(`${tag ?? index}`),
    RepoTags: tag === undefined ? [] : [tag],
    Created: created,
    Size: 1,
    RootFS: { Layers: memoryLayers(contents).map(({ diffId }) => diffId) },
  }));
  const engine = await scriptedEngine(({ url = "" }, response) => {
    if (url.endsWith("/info")) answer(response, info);
    else if (url.endsWith("/images/json")) {
      if (oddities.silentList !== true) answer(response, images);
    } else {
      const name = nameIn(url);
      if (name === oddities.damaged) {
        response.writeHead(500).end('{"message":"layer does not exist"}');
        return;
      }
      const found = images.find(({ Id, RepoTags }) => Id === name || RepoTags.includes(name));
      if (found === undefined) response.writeHead(404).end('{"message":"No such image"}');
      else answer(response, found);
    }
  });
  return {
    ...engine,
    inspected: () => engine.requests.map(nameIn).filter((name) => name !== ""),
    listed: () => engine.requests.some((request) => request.endsWith("/images/json")),
  };
}

function answer(response: ServerResponse, value: unknown): void {
  response.end(JSON.stringify(value));
}

function nameIn(url: string): string {
  return decodeURIComponent(/\/images\/(.+)\/json$/.exec(url)?.[1] ?? "");
}

function plan(
  engine: Engine,
  contents: readonly string[],
  name = "app:1",
  cacheFolder = temporaryFolder(),
): Promise<LoadPlan> {
  const image = memoryImage(memoryLayers(contents));
  return planLoad(image, [parseReference(name)], engine.client, { cacheFolder });
}

/** A cache folder that remembers images of one layer each. */
function remembering(engine: Engine, names: readonly string[]): string {
  const folder = temporaryFolder();
  const docker = { product: "docker", id: info.ID, driver: info.Driver } as const;
  for (const [index, { diffId }] of memoryLayers(names.map(large)).entries()) {
    const memory = EngineMemory.of(engine.client.endpoint.shown, docker, folder);
    memory.put({ id: idOf(`${names[index]}:1`), diffIds: [diffId] });
  }
  return folder;
}

describe("what an engine is asked before an image is loaded", () => {
  it("is little when the image of that name has nearly all", async () => {
    const engine = await engineWith([{ tag: "app:1", contents: [large("base"), "old"] }]);
    expect(await plan(engine, [large("base"), "new"])).toMatchObject({
      way: "partial",
      known: new Set([0]),
    });
    expect(engine.listed()).toBe(false);
    expect(engine.inspected()).toHaveLength(2);
  });

  it("is little when the image is small", async () => {
    const engine = await engineWith([{ tag: "base:1", contents: ["base"] }]);
    expect(await plan(engine, ["base", "new"])).toMatchObject({ way: "whole" });
    expect(engine.listed()).toBe(false);
  });

  it("is about other tags of the repository first", async () => {
    const engine = await engineWith([
      ...Array.from({ length: 500 }, (_, index) => ({ tag: `other:${index}`, contents: ["x"] })),
      { tag: "app:0", contents: [large("base"), "old"], created: 5 },
    ]);
    expect((await plan(engine, [large("base"), "new"])).known).toEqual(new Set([0]));
    expect(engine.inspected()).toContain(idOf("app:0"));
    expect(engine.inspected().length).toBeLessThan(12);
  });

  it("is about what reproducible tools have built before what is new", async () => {
    const engine = await engineWith([
      ...Array.from({ length: 500 }, (_, index) => ({ tag: `other:${index}`, contents: ["x"] })),
      { tag: undefined, contents: [large("base"), "old"], created: 1 },
    ]);
    expect((await plan(engine, [large("base"), "new"])).known).toEqual(new Set([0]));
    expect(engine.inspected().length).toBeLessThan(12);
  });

  it("has an end where nothing is found", async () => {
    const images = Array.from({ length: 3000 }, (_, index) => ({
      tag: `other:${index}`,
      contents: ["x"],
    }));
    const engine = await engineWith(images);
    const begun = performance.now();
    expect(await plan(engine, [large("base"), "new"])).toMatchObject({ way: "whole" });
    expect(engine.inspected().length).toBeGreaterThan(8);
    expect(engine.inspected().length).toBeLessThanOrEqual(66);
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  it("is not waited for longer than it may spare", async () => {
    const engine = await engineWith([{ tag: "other:1", contents: [large("base")] }], {
      silentList: true,
    });
    expect(await plan(engine, [large("base"), "new"])).toMatchObject({ way: "whole" });
  });

  it("does without an image that the engine itself cannot describe", async () => {
    const engine = await engineWith([{ tag: "app:1", contents: ["a"] }], { damaged: "app:1" });
    expect(await plan(engine, ["a", "b"])).toMatchObject({ way: "whole" });
  });

  it("is nothing but what it is when everything shall be sent", async () => {
    const engine = await engineWith([{ tag: "app:1", contents: ["a"] }]);
    const image = memoryImage(memoryLayers(["a"]));
    const options = { full: true, cacheFolder: temporaryFolder() };
    const planned = await planLoad(image, [parseReference("app:1")], engine.client, options);
    expect(planned).toMatchObject({ way: "whole", known: new Set() });
    expect(engine.inspected()).toEqual([]);
  });
});

describe("what is remembered of an engine", () => {
  it("spares the search", async () => {
    const engine = await engineWith([
      ...Array.from({ length: 100 }, (_, index) => ({ tag: `other:${index}`, contents: ["x"] })),
      { tag: "base:1", contents: [large("base")] },
    ]);
    const folder = remembering(engine, ["base"]);
    const planned = await plan(engine, [large("base"), "new"], "app:1", folder);
    expect(planned.known).toEqual(new Set([0]));
    expect(engine.listed()).toBe(false);
    expect(engine.inspected()).toContain(idOf("base:1"));
  });

  it("is not believed when the engine no longer has it", async () => {
    const engine = await engineWith([{ tag: "other:1", contents: ["x"] }]);
    const folder = remembering(engine, ["base"]);
    expect(await plan(engine, [large("base"), "new"], "app:1", folder)).toMatchObject({
      way: "whole",
    });
  });
});

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { openDockerArchive } from "../../../src/archives/read-archive.ts";
import { loadIntoEngine } from "../../../src/destinations/engine/load-into-engine.ts";
import type { EngineDelivery } from "../../../src/destinations/engine/load-into-engine.ts";
import { connectEngine } from "../../../src/engine/client.ts";
import type { EngineClient } from "../../../src/engine/client.ts";
import { digestOf } from "../../../src/image/digest.ts";
import type { Image } from "../../../src/image/image.ts";
import { parseReference } from "../../../src/image/reference.ts";
import type { ProgressEvent } from "../../../src/progress/events.ts";
import { startEngineProxy } from "./engine-proxy.ts";
import type { EngineProxy } from "./engine-proxy.ts";

export const MEGABYTE: number = 1 << 20;
/** What an archive holds besides layers, and what HTTP adds. */
export const SMALL = 60_000;

/** Contents of layers, a megabyte each. */
export function megabytes(...names: readonly string[]): string[] {
  return names.map((name) => `${name} `.repeat(Math.ceil(MEGABYTE / (name.length + 1))));
}

/** Has an engine write an image to a file: `docker save`. */
export type Save = (name: string, file: string) => Promise<unknown>;

/** Loads into an engine whose bytes are counted, and which must give back the whole image. */
export class WatchedLoads {
  readonly folder: string;
  readonly proxy: EngineProxy;
  readonly client: EngineClient;
  /** What varve remembers of the engine. */
  cacheFolder: string;
  events: ProgressEvent[] = [];
  readonly #save: Save;

  private constructor(folder: string, proxy: EngineProxy, client: EngineClient, save: Save) {
    this.folder = folder;
    this.cacheFolder = path.join(folder, "cache");
    this.proxy = proxy;
    this.client = client;
    this.#save = save;
  }

  /** @param folder where the engine can write, if it cannot everywhere */
  static async start(socket: string, save: Save, folder: string = tmpdir()): Promise<WatchedLoads> {
    const own = fs.mkdtempSync(path.join(folder, "varve-loads-"));
    const proxy = await startEngineProxy(socket);
    const client = await connectEngine({ host: proxy.host, env: {} });
    return new WatchedLoads(own, proxy, client, save);
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.proxy.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  /** As on a machine that has never loaded anything. */
  forget(): void {
    this.cacheFolder = fs.mkdtempSync(path.join(this.folder, "cache-"));
    this.proxy.reset();
  }

  /** Loads, then proves with the engine's own saving that all of it is there. */
  async load(
    image: Image,
    names: readonly string[],
    options: { readonly full?: boolean } = {},
  ): Promise<EngineDelivery> {
    const delivery = await this.loadOnly(image, names, options);
    for (const name of names) await this.expectWhole(image, name);
    return delivery;
  }

  async loadOnly(
    image: Image,
    names: readonly string[],
    options: { readonly full?: boolean } = {},
  ): Promise<EngineDelivery> {
    const events: ProgressEvent[] = [];
    this.events = events;
    this.proxy.reset();
    return loadIntoEngine(
      image,
      names.map(parseReference),
      this.client,
      (event) => events.push(event),
      { cacheFolder: this.cacheFolder, ...options },
    );
  }

  async expectWhole(image: Image, name: string): Promise<void> {
    const file = path.join(this.folder, "saved.tar");
    fs.rmSync(file, { force: true });
    await this.#save(name, file);
    const saved = await openDockerArchive(file);
    const identities = await Promise.all(image.layers.map((layer) => layer.identity()));
    expect(saved.layers.map(({ diffId }) => diffId)).toEqual(
      identities.map(({ diffId }) => diffId),
    );
    expect(digestOf(saved.configBytes)).toBe(digestOf(await image.config()));
    // Reading checks the digest.
    for (const layer of saved.layers) for await (const _ of layer.stream()) continue;
    saved.close();
  }

  /** Positions of the layers that were reported as sent in the last load. */
  get sent(): number[] {
    return this.#positions(true);
  }

  /** The same of those that the engine was spared. */
  get spared(): number[] {
    return this.#positions(false);
  }

  #positions(sent: boolean): number[] {
    return this.events.flatMap((event) =>
      event.kind === "layer" && event.sent === sent ? [event.index] : [],
    );
  }
}

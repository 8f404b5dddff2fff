import { resolveEndpoint } from "./endpoint.ts";
import type { Endpoint, EndpointOptions } from "./endpoint.ts";
import type { CallOptions } from "./exchange.ts";
import * as images from "./images.ts";
import type { EngineImage, ListedImage } from "./images.ts";
import { info } from "./info.ts";
import type { EngineInfo } from "./info.ts";
import { loadImage } from "./load.ts";
import type { LoadOptions } from "./load.ts";
import type { LoadResult } from "./load-events.ts";
import { ping } from "./ping.ts";
import type { Ping } from "./ping.ts";
import { saveImage } from "./save.ts";
import { openTransport } from "./transport.ts";
import type { Transport } from "./transport.ts";

/**
 * A client of one Docker engine, or of podman's API that imitates it.
 *
 * All methods throw VarveErrors whose code begins with `ENGINE_`, or the reason of the signal they
 * were given. Call {@link close} at the end.
 */
export class EngineClient {
  readonly endpoint: Endpoint;
  readonly #transport: Transport;
  #ping: Promise<Ping> | undefined;
  #info: Promise<EngineInfo> | undefined;

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.#transport = openTransport(endpoint);
  }

  /** Makes contact and agrees on the API's version, once; the other methods do it by themselves. */
  ping(options?: CallOptions): Promise<Ping> {
    this.#ping ??= ping(this.#transport, options).catch((error: unknown) => {
      this.#ping = undefined;
      throw error;
    });
    return this.#ping;
  }

  /** What the engine is. Asked once: it does not become another while one talks to it. */
  info(options?: CallOptions): Promise<EngineInfo> {
    this.#info ??= this.ping(options)
      .then((pinged) => info(this.#transport, pinged, options))
      .catch((error: unknown) => {
        this.#info = undefined;
        throw error;
      });
    return this.#info;
  }

  async listImages(options?: CallOptions): Promise<ListedImage[]> {
    return images.listImages(this.#transport, await this.ping(options), options);
  }

  /** The image of that name or ID, or undefined if the engine has none. */
  async inspectImage(reference: string, options?: CallOptions): Promise<EngineImage | undefined> {
    return images.inspectImage(this.#transport, await this.ping(options), reference, options);
  }

  /** Streams an archive into the engine; see {@link loadImage}. */
  async loadImage(archive: AsyncIterable<Uint8Array>, options?: LoadOptions): Promise<LoadResult> {
    return loadImage(this.#transport, await this.ping(options), archive, options);
  }

  /** An image as a Docker archive; see {@link saveImage}. */
  async *saveImage(
    reference: string,
    options?: CallOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    yield* saveImage(this.#transport, await this.ping(options), reference, options);
  }

  /** Gives an image one more name. */
  async tagImage(
    names: { readonly source: string; readonly repository: string; readonly tag: string },
    options?: CallOptions,
  ): Promise<void> {
    await images.tagImage(this.#transport, await this.ping(options), names, options);
  }

  /** Takes the name away, and with the last name the image. */
  async removeImage(reference: string, options?: CallOptions): Promise<void> {
    await images.removeImage(this.#transport, await this.ping(options), reference, options);
  }

  /** Ends all connections. */
  close(): void {
    this.#transport.close();
  }
}

/** Finds the engine that is meant ({@link resolveEndpoint}) and makes contact with it. */
export async function connectEngine(
  options: EndpointOptions & CallOptions = {},
): Promise<EngineClient> {
  const client = new EngineClient(await resolveEndpoint(options));
  try {
    await client.ping(options);
  } catch (error) {
    client.close();
    throw error;
  }
  return client;
}

import { dockerToolsConfig } from "../image/config.ts";
import type { BaseContent } from "../image/config.ts";
import { plainJson } from "../image/ordered-json.ts";
import type { JsonObject } from "../image/ordered-json.ts";
import type { Image, RuntimeConfig } from "../image/image.ts";
import { diffIdOf } from "../image/layer.ts";
import type { Layer } from "../image/layer.ts";

export interface AssembledImageInput {
  readonly architecture: string;
  readonly os: string;
  /** As it shall stand in the config. */
  readonly created: string;
  readonly runtime: JsonObject;
  readonly layers: readonly Layer[];
  /** What the history says of single layers, by their places in `layers`. */
  readonly layerSteps?: ReadonlyArray<JsonObject | undefined> | undefined;
  /** Seconds since 1970. */
  readonly archiveTime: number;
  /** What of a base's config stays as it was; without it, its layers are described like others. */
  readonly base?: BaseContent | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** An image put together from layers; its config follows from them. */
export class AssembledImage implements Image {
  readonly architecture: string;
  readonly os: string;
  readonly layers: readonly Layer[];
  readonly archiveTime: number;
  readonly annotations: Readonly<Record<string, string>>;
  readonly #base: BaseContent | undefined;
  readonly #layerSteps: AssembledImageInput["layerSteps"];
  readonly #created: string;
  readonly #runtime: JsonObject;
  #config: Promise<Buffer> | undefined;

  constructor(input: AssembledImageInput) {
    this.architecture = input.architecture;
    this.os = input.os;
    this.layers = input.layers;
    this.archiveTime = input.archiveTime;
    this.annotations = input.annotations ?? {};
    this.#base = input.base;
    this.#layerSteps = input.layerSteps;
    this.#created = input.created;
    this.#runtime = input.runtime;
  }

  get runtime(): RuntimeConfig {
    return plainJson(this.#runtime) as RuntimeConfig;
  }

  config(): Promise<Buffer> {
    this.#config ??= this.#render();
    return this.#config;
  }

  async #render(): Promise<Buffer> {
    const diffIds = this.layers.map(diffIdOf);
    const content = {
      created: this.#created,
      architecture: this.architecture,
      os: this.os,
      runtime: this.#runtime,
      layerPaths: this.layers.map(({ paths }) => paths),
      layerSteps: this.#layerSteps,
      base: this.#base,
    };
    return dockerToolsConfig(content, await Promise.all(diffIds));
  }
}

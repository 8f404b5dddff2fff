import { archiveBytes } from "../../archives/docker-archive.ts";
import type { ArchiveForm, LeftOut } from "../../archives/docker-archive.ts";
import type { EngineClient } from "../../engine/client.ts";
import { messageOf, VarveError } from "../../errors.ts";
import type { Image } from "../../image/image.ts";
import { diffIdOf } from "../../image/layer.ts";
import { familiarName } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import type { ReportProgress } from "../../progress/events.ts";
import { DeliveryRun } from "../delivery.ts";
import type { Delivery } from "../delivery.ts";
import { isFar } from "../watched-layer.ts";
import { planLoad } from "./load-plan.ts";
import type { LoadPlan, LoadPlanOptions, LoadWay } from "./load-plan.ts";
import { verify } from "./verify.ts";

/** An image that has come into an engine. */
export interface EngineDelivery extends Delivery {
  readonly engine: {
    readonly address: string;
    readonly store: LoadPlan["store"]["name"];
    readonly way: LoadWay;
    /** Layers whose bytes were sent, and layers that the engine had. */
    readonly layersSent: number;
    readonly layersKnown: number;
    /** Why the whole image was sent after what it lacked had not been enough. */
    readonly secondTry?: string;
  };
}

/**
 * Loads an image into a Docker engine, only what the engine lacks, and makes sure that it is there
 * under its names. When the engine lacks more than it said, everything is sent, once
 * (reference: daemons-and-archives, section 12).
 *
 * @throws VarveError of the engine's, or `ENGINE_UNVERIFIED` when it says yes and lacks the image
 */
export async function loadIntoEngine(
  image: Image,
  references: readonly Reference[],
  client: EngineClient,
  report: ReportProgress,
  options: LoadPlanOptions = {},
): Promise<EngineDelivery> {
  const run = new DeliveryRun(image, references, report);
  const planned = await planLoad(image, references, client, options);
  const loading = new Loading(run, client);
  let plan = planned;
  let secondTry: string | undefined;
  let id: string;
  try {
    id = await loading.carryOut(plan);
  } catch (error) {
    if (plan.way === "whole" || !mayLackLayers(error)) throw error;
    secondTry = messageOf(error);
    report({ kind: "note", message: `everything is sent after all: ${secondTry}` });
    plan = { ...plan, way: "whole", known: new Set(), untagged: references };
    id = await loading.carryOut(plan);
  }
  const { way, store, known, memory } = plan;
  memory.put({ id, diffIds: await Promise.all(image.layers.map(diffIdOf)) });
  const delivery = await run.finish(loading.written, { known, secondTry });
  return {
    ...delivery,
    engine: {
      address: client.endpoint.shown,
      store: store.name,
      way,
      layersSent: image.layers.length - known.size,
      layersKnown: known.size,
      ...(secondTry === undefined ? {} : { secondTry }),
    },
  };
}

/**
 * Whether an engine may have failed because of a layer that it was taken to have: removed in
 * between, or kept in a way that we do not know. A hint tells of another reason, which would come
 * again.
 */
function mayLackLayers(error: unknown): boolean {
  if (!(error instanceof VarveError)) return false;
  if (error.code === "ENGINE_UNVERIFIED") return true;
  return ["ENGINE_LOAD", "ENGINE_REFUSED"].includes(error.code) && error.hint === undefined;
}

/** An engine that names images by archives reads no OCI layout in them. */
function formFor({ layers }: Image, leftOut: LeftOut): ArchiveForm {
  return [...leftOut].some((index) => isFar(layers[index]!)) ? "docker" : "hybrid";
}

/** One image's way into one engine. */
class Loading {
  /** Bytes sent so far, in all tries. */
  written = 0;
  readonly #run: DeliveryRun;
  readonly #client: EngineClient;

  constructor(run: DeliveryRun, client: EngineClient) {
    this.#run = run;
    this.#client = client;
  }

  /** @returns the engine's ID of the image */
  async carryOut({ way, store, known, untagged, id }: LoadPlan): Promise<string> {
    const { image, references } = this.#run;
    for (const index of known) await this.#run.reportLayer(image.layers[index]!, false);
    if (way === "unchanged" && id !== undefined) return id;
    if (way === "tagged" && id !== undefined) {
      await this.#tag(id, untagged);
    } else if (store.namedByArchive) {
      await this.#send(references, known, formFor(image, known));
    } else {
      const loaded = await this.#send([], known, "hybrid");
      await verify(this.#client, store, image, [loaded]);
      await this.#tag(loaded, references);
    }
    return verify(this.#client, store, image, references.map(familiarName));
  }

  /** @returns the engine's name or ID of what it has loaded */
  async #send(
    references: readonly Reference[],
    leftOut: LeftOut,
    form: ArchiveForm,
  ): Promise<string> {
    const parts = this.#run.archive(references, leftOut, form);
    const { ids, names } = await this.#client.loadImage(this.#counted(archiveBytes(parts)));
    return ids[0] ?? names[0] ?? "";
  }

  async #tag(source: string, references: readonly Reference[]): Promise<void> {
    for (const reference of references) await this.#client.tagImage({ source, ...reference });
  }

  async *#counted(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      yield chunk;
      this.written += chunk.length;
      this.#run.report({ kind: "bytes", written: this.written });
    }
  }
}

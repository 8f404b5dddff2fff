import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { imageAt } from "../../assembly/image-at.ts";
import type { FoundImage } from "../../assembly/image-at.ts";
import type { EndpointOptions } from "../../engine/endpoint.ts";
import type { Platform } from "../../image/platform.ts";
import { beginFile, endFile, removeQuietly } from "../../io/unfinished-files.ts";
import { DigestStore } from "../../packing/digest-store.ts";
import { LayerSizes } from "../../packing/layer-sizes.ts";
import { Registries } from "../../registry/registries.ts";
import type { RegistriesOptions } from "../../registry/registries.ts";
import { PATIENT } from "../../registry/retry.ts";
import type { Location } from "../../transports/location.ts";
import { openLocation } from "../../transports/open-location.ts";
import type { OpenArchivedImage, OpenContent } from "../../transports/open-location.ts";
import { openLayout, openStore } from "../../transports/open-store.ts";
import type { OpenStore, StoreLocation } from "../../transports/open-store.ts";
import { connectionOf } from "../connection.ts";
import type { ConnectionFlags, EngineFlags } from "../flags.ts";
import type { Session } from "../session.ts";

export type OpenPlace = OpenContent | OpenArchivedImage;

/** The places that a command reads from and writes to, opened once and closed together. */
export class Places {
  /** How registries are reached. */
  readonly connection: RegistriesOptions;
  readonly engine: EndpointOptions;
  /** Lengths of layers that were seen before, so that none is fetched to be measured. */
  readonly sizes = new LayerSizes(new DigestStore());
  readonly #registries: Registries;
  readonly #opened: Array<{ readonly close: () => void }> = [];
  /** Ends the waiting of tries that nobody needs any more. */
  readonly #ended = new AbortController();

  constructor(flags: ConnectionFlags & Partial<EngineFlags>, session: Session) {
    this.connection = {
      ...connectionOf(flags),
      note: (message) => {
        session.announcer.note(message);
      },
    };
    this.engine = { host: flags.host, context: flags.context };
    const { signal } = this.#ended;
    const policy = {
      ...PATIENT,
      sleep: async (time: number): Promise<void> => sleep(time, undefined, { signal }),
    };
    this.#registries = new Registries({ ...this.connection, policy });
  }

  /** Where an image is, or anything else that has a manifest. */
  async open(location: Location): Promise<OpenPlace> {
    const options = { registries: this.#registries, engine: this.engine };
    return this.#kept(await openLocation(location, options));
  }

  /** The image that is there: of an index, the one for a platform. */
  async image(location: Location, platform: Platform | undefined): Promise<FoundImage> {
    const options = { registries: this.#registries, engine: this.engine, platform };
    return this.#kept(await imageAt(location, { ...options, sizes: this.sizes }));
  }

  /** Where an image shall be. */
  store(location: StoreLocation): Promise<OpenStore> {
    return openStore(location, this.#registries);
  }

  /** A layout where an image shall be. */
  layout(location: Extract<StoreLocation, { kind: "oci-layout" }>): ReturnType<typeof openLayout> {
    return openLayout(location);
  }

  /** A folder that is gone when the work is done. */
  temporaryFolder(): string {
    const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-"));
    beginFile(folder);
    this.#opened.push({
      close: () => {
        removeQuietly(folder);
        endFile(folder);
      },
    });
    return folder;
  }

  close(): void {
    this.#ended.abort();
    for (const opened of this.#opened) opened.close();
    this.#registries.close();
  }

  #kept<Opened extends { readonly close: () => void }>(opened: Opened): Opened {
    this.#opened.push(opened);
    return opened;
  }
}

/** Works with places, which are closed however the work ends. */
export async function withPlaces<Result>(
  flags: ConnectionFlags & Partial<EngineFlags>,
  session: Session,
  work: (places: Places) => Promise<Result>,
): Promise<Result> {
  const places = new Places(flags, session);
  try {
    return await work(places);
  } finally {
    places.close();
  }
}

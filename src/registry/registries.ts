import type { ContentSource } from "../image/content-store.ts";
import type { RemoteReference } from "../image/reference.ts";
import { RegistryClient } from "./client.ts";
import type { RegistryOptions } from "./client.ts";
import { MirroredSource } from "./mirrored-source.ts";
import type { OpenSource } from "./mirrored-source.ts";
import { Repository } from "./repository.ts";
import { PATIENT } from "./retry.ts";
import { RegistrySettings } from "./settings/registry-settings.ts";
import type { Place } from "./settings/registry-settings.ts";

export interface RegistriesOptions extends RegistryOptions {
  /** What is set about registries: by default, the usual files of this machine. */
  readonly settings?: RegistrySettings | undefined;
  /** Told of mirrors that fail, for people. */
  readonly note?: ((message: string) => void) | undefined;
}

/** Tries at a mirror: there is another place to read from. */
const MIRROR_ATTEMPTS = 2;

/**
 * The registries of one run: a client each, and names led to where the settings of this machine
 * say that they are.
 */
export class Registries {
  readonly #options: RegistriesOptions;
  readonly #clients = new Map<string, Promise<RegistryClient>>();
  readonly #connected: RegistryClient[] = [];
  #settings: RegistrySettings | undefined;

  constructor(options: RegistriesOptions = {}) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /**
   * The repository that a name belongs to, mirrors left aside.
   *
   * @param pushing whether one comes to push, too
   * @throws VarveError when it is blocked or cannot be reached
   */
  async repository(remote: RemoteReference, pushing: boolean): Promise<Repository> {
    const { origin } = await this.#places(remote);
    return this.#open(origin, remote, pushing, false);
  }

  /**
   * Where an image is to be read from: its mirrors in order, its own repository last.
   *
   * @throws VarveError when it is blocked or cannot be reached
   */
  async source(remote: RemoteReference): Promise<ContentSource> {
    const { origin, mirrors } = await this.#places(remote);
    if (mirrors.length === 0) return this.#open(origin, remote, false, false);
    const fullName = `${remote.registry}/${remote.path}`;
    const sources = mirrors.map((mirror): OpenSource => ({
      name: `${mirror.registry}/${mirror.path}`,
      open: () => this.#open(mirror, remote, false, true),
    }));
    const own = { name: fullName, open: () => this.#open(origin, remote, false, false) };
    const place = { registry: origin.registry, name: origin.path };
    return new MirroredSource(fullName, place, [...sources, own], this.#options.note);
  }

  close(): void {
    for (const client of this.#connected) client.close();
  }

  #places(remote: RemoteReference): ReturnType<RegistrySettings["placesOf"]> {
    this.#settings ??= RegistrySettings.fromFiles({ env: this.#options.env });
    return this.#settings.placesOf(remote);
  }

  async #open(
    place: Place,
    remote: RemoteReference,
    pushing: boolean,
    isMirror: boolean,
  ): Promise<Repository> {
    const client = await this.#client(place, isMirror);
    const fullName = isMirror ? undefined : `${remote.registry}/${remote.path}`;
    return new Repository(client, place.path, pushing, fullName);
  }

  #client(place: Place, isMirror: boolean): Promise<RegistryClient> {
    const { registry, insecure, plainHttp } = place;
    const key = JSON.stringify([registry, insecure, plainHttp, isMirror]);
    let client = this.#clients.get(key);
    if (client === undefined) {
      const { settings: _settings, note: _note, policy, ...options } = this.#options;
      const patience = isMirror ? { ...PATIENT, ...policy, attempts: MIRROR_ATTEMPTS } : policy;
      client = RegistryClient.connect(registry, {
        ...options,
        ...(patience === undefined ? {} : { policy: patience }),
        plainHttp: plainHttp || (!isMirror && options.plainHttp === true),
        tlsVerify: options.tlsVerify ?? (insecure ? false : undefined),
      }).then((connected) => {
        this.#connected.push(connected);
        return connected;
      });
      this.#clients.set(key, client);
    }
    return client;
  }
}

import * as dns from "node:dns/promises";
import * as fs from "node:fs";
import * as net from "node:net";
import { homedir } from "node:os";
import path from "node:path";
import { VarveError } from "../../errors.ts";
import type { RemoteReference } from "../../image/reference.ts";
import { DOCKER_HUB } from "../host.ts";
import { parseDaemonJson } from "./daemon-json.ts";
import type { DaemonSettings } from "./daemon-json.ts";
import { parseRegistriesConf } from "./registries-conf.ts";
import { settingsText } from "./setting.ts";
import type { RegistrySetting } from "./setting.ts";

/** A repository's place, and how its host may be reached. */
export interface Place {
  readonly registry: string;
  readonly path: string;
  readonly insecure: boolean;
  readonly plainHttp: boolean;
}

export interface Places {
  /** Where the image belongs. */
  readonly origin: Place;
  /** Where it may be read, too, in order. */
  readonly mirrors: readonly Place[];
}

export interface SettingsFolders {
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** In place of `/etc`. */
  readonly etc?: string;
}

/** What the settings files of podman and Docker on this machine say about registries. */
export class RegistrySettings {
  readonly #registries: readonly RegistrySetting[];
  readonly #daemon: DaemonSettings | undefined;

  constructor(registries: readonly RegistrySetting[], daemon?: DaemonSettings) {
    this.#registries = registries;
    this.#daemon = daemon;
  }

  /**
   * Reads `CONTAINERS_REGISTRIES_CONF`, else the user's `registries.conf`, else that of `/etc`;
   * then the files of `registries.conf.d`, of which the later ones replace what the earlier ones
   * say of a prefix (containers-registries.conf.d(5)); and Docker's `daemon.json`.
   *
   * @throws VarveError `REGISTRY_SETTINGS`
   */
  static fromFiles({ env = process.env, etc = "/etc" }: SettingsFolders = {}): RegistrySettings {
    const home = env["HOME"] ?? homedir();
    const config = env["XDG_CONFIG_HOME"] ?? "";
    const own = config === "" ? path.join(home, ".config") : config;
    const byPrefix = new Map<string, RegistrySetting>();
    for (const file of registriesConfFiles(env, etc, own)) {
      const text = settingsText(file);
      if (text === undefined) continue;
      for (const setting of parseRegistriesConf(text, file)) byPrefix.set(setting.prefix, setting);
    }
    for (const folder of [path.join(own, "docker"), path.join(etc, "docker")]) {
      const file = path.join(folder, "daemon.json");
      const text = settingsText(file);
      if (text === undefined) continue;
      return new RegistrySettings([...byPrefix.values()], parseDaemonJson(text, file));
    }
    return new RegistrySettings([...byPrefix.values()]);
  }

  /**
   * Where an image belongs, and where it may be read.
   *
   * @throws VarveError `REGISTRY_BLOCKED`
   */
  async placesOf(remote: RemoteReference): Promise<Places> {
    const isDigest = remote.version.includes(":");
    const name = `${remote.registry}/${remote.path}`;
    const full = `${name}${isDigest ? "@" : ":"}${remote.version}`;
    const [best] = this.#registries
      .map((setting) => ({ setting, length: matchedLength(setting.prefix, full) }))
      .filter(({ length }) => length > 0)
      .toSorted((a, b) => b.length - a.length);
    const setting = best?.setting;
    if (setting?.blocked === true) {
      throw new VarveError("REGISTRY_BLOCKED", `${name} is blocked by ${setting.from}`, {
        hint: "ask whoever set up this machine, or take the image from another registry",
      });
    }
    const place = (location: string | undefined, from = ""): [registry: string, path: string] =>
      location === undefined || best === undefined
        ? [remote.registry, remote.path]
        : splitName(`${location}${name.slice(best.length)}`, from);
    const [registry, origin] = place(setting?.location, setting?.from);
    const mirrors = (setting?.mirrors ?? [])
      .filter(({ pull }) => pull === "all" || (pull === "digest-only") === isDigest)
      .map(({ location, insecure, plainHttp }): Place => {
        const [host, at] = place(location, setting?.from);
        return { registry: host, path: at, insecure, plainHttp };
      });
    const hub = remote.registry === DOCKER_HUB ? (this.#daemon?.mirrors ?? []) : [];
    for (const { location, plainHttp } of hub) {
      mirrors.push({ registry: location, path: remote.path, insecure: false, plainHttp });
    }
    const insecure = setting?.insecure ?? false;
    return {
      origin: await this.#checked({ registry, path: origin, insecure, plainHttp: false }),
      mirrors: await Promise.all(mirrors.map((mirror) => this.#checked(mirror))),
    };
  }

  /** Whether a whole registry needs neither a trusted certificate nor TLS: to log in there. */
  async isInsecure(registry: string): Promise<boolean> {
    const isSet = this.#registries.some(
      ({ prefix, location = prefix, insecure }) =>
        insecure && location.split("/", 1)[0] === registry,
    );
    return isSet || (await this.#isInsecureInDocker(registry));
  }

  async #checked(place: Place): Promise<Place> {
    const insecure = place.insecure || (await this.#isInsecureInDocker(place.registry));
    return { ...place, insecure };
  }

  async #isInsecureInDocker(registry: string): Promise<boolean> {
    if (this.#daemon === undefined) return false;
    const { insecureHosts, insecureNetworks, hasNetworks } = this.#daemon;
    if (insecureHosts.has(registry.toLowerCase())) return true;
    if (!hasNetworks) return false;
    const host = new URL(`http://${registry}`).hostname.replace(/^\[|\]$/g, "");
    const addresses = net.isIP(host) === 0 ? await addressesOf(host) : [host];
    return addresses.some((address) =>
      insecureNetworks.check(address, net.isIPv6(address) ? "ipv6" : "ipv4"),
    );
  }
}

function registriesConfFiles(env: NodeJS.ProcessEnv, etc: string, own: string): string[] {
  const named = env["CONTAINERS_REGISTRIES_CONF"] ?? "";
  const users = path.join(own, "containers/registries.conf");
  const systems = path.join(etc, "containers/registries.conf");
  const main = named !== "" ? named : fs.existsSync(users) ? users : systems;
  return [main, ...confsIn(`${systems}.d`), ...confsIn(`${users}.d`)];
}

function confsIn(folder: string): string[] {
  try {
    const names = fs.readdirSync(folder).filter((name) => name.endsWith(".conf"));
    return names.toSorted().map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

/**
 * How much of a name a prefix stands for, 0 for nothing of it: whole parts only
 * (containers-registries.conf(5), "Choosing a [[registry]] TOML table").
 */
function matchedLength(prefix: string, full: string): number {
  if (!prefix.startsWith("*.")) return isWhole(prefix, full, prefix.length) ? prefix.length : 0;
  const [domain = "", ...rest] = prefix.slice(1).split("/");
  const host = full.slice(0, full.indexOf("/"));
  if (![host, host.replace(/:\d+$/, "")].some((name) => name.endsWith(domain))) return 0;
  const matched = [host, ...rest].join("/");
  return isWhole(matched, full, matched.length) ? matched.length : 0;
}

function isWhole(prefix: string, full: string, length: number): boolean {
  if (!full.startsWith(prefix)) return false;
  const next = full[length];
  const isTag = next === ":" && prefix.includes("/");
  return next === undefined || next === "/" || next === "@" || isTag;
}

function splitName(name: string, from: string): [registry: string, path: string] {
  const slash = name.indexOf("/");
  if (slash > 0 && slash < name.length - 1) return [name.slice(0, slash), name.slice(slash + 1)];
  throw new VarveError("REGISTRY_SETTINGS", `${from}: "${name}" is no repository's name`, {
    hint: "prefix and location must leave a host and a path",
  });
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await dns.lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}

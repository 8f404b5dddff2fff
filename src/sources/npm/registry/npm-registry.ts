import * as os from "node:os";
import { messageOf, systemCodeOf, VarveError } from "../../../errors.ts";
import { findNpm } from "./npm-installation.ts";
import { loadNpmLibraries } from "./npm-libraries.ts";
import type { NpmLibraries, Packument, PublishedManifest } from "./npm-libraries.ts";

/** What is known of a package before its tarball is there. */
export interface WantedPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity?: string | undefined;
  /** Where it comes from, when that is no registry. */
  readonly resolved?: string | undefined;
}

/**
 * Tarballs and metadata, by the user's npm: its cache, its registries (by scope), tokens, proxies
 * and certificates. Nothing of it is loaded before it is needed.
 */
export class NpmRegistry {
  readonly #project: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #isOffline: boolean;
  #libraries: Promise<NpmLibraries> | undefined;

  /**
   * @param project the folder whose `.npmrc` counts
   * @param isOffline nothing is fetched: what npm's cache has must do
   */
  constructor(project: string, env: NodeJS.ProcessEnv = process.env, isOffline = false) {
    this.#project = project;
    this.#env = env;
    this.#isOffline = isOffline;
  }

  /**
   * A published tarball, its integrity checked.
   *
   * @throws VarveError `NPM_INTEGRITY`, `NPM_NOT_FOUND`, `NPM_DENIED`, `NPM_NETWORK`, `NPM_FETCH`
   */
  async tarball(wanted: WantedPackage): Promise<Buffer> {
    const cached = await this.cachedTarball(wanted);
    if (cached !== undefined) return cached;
    const { pacote, options } = await this.#load();
    const { name, version, integrity, resolved } = wanted;
    const what = `${name}@${version}`;
    try {
      return await pacote.tarball(resolved ?? what, {
        ...options,
        ...(integrity === undefined ? {} : { integrity }),
        where: this.#project,
      });
    } catch (error) {
      throw fetchError(what, error);
    }
  }

  /** A tarball that npm's cache has, checked; undefined when it has none. Asks nobody. */
  async cachedTarball({ integrity }: WantedPackage): Promise<Buffer | undefined> {
    if (integrity === undefined) return undefined;
    const { cacache, options } = await this.#load();
    try {
      return await cacache.get.byDigest(String(options["cache"]), integrity);
    } catch {
      return undefined;
    }
  }

  /** What the registry says of all versions of a package. */
  async packument(name: string): Promise<Packument> {
    const { pacote, options } = await this.#load();
    try {
      return await pacote.packument(name, options);
    } catch (error) {
      throw fetchError(name, error);
    }
  }

  /** What the registry says of one version of a package. */
  async manifest(wanted: WantedPackage): Promise<PublishedManifest> {
    const { pacote, options } = await this.#load();
    const what = `${wanted.name}@${wanted.version}`;
    try {
      return await pacote.manifest(wanted.resolved ?? what, { ...options, where: this.#project });
    } catch (error) {
      throw fetchError(what, error);
    }
  }

  async #load(): Promise<NpmLibraries> {
    this.#libraries ??= findNpm(this.#env).then(async (npm) => {
      const libraries = await loadNpmLibraries(npm, this.#project, this.#env);
      return this.#isOffline
        ? { ...libraries, options: { ...libraries.options, offline: true } }
        : libraries;
    });
    return this.#libraries;
  }
}

const NETWORK_CODES = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EPIPE",
]);

function fetchError(what: string, error: unknown): VarveError {
  const code = systemCodeOf(error) ?? "";
  const reason = withoutSecrets(messageOf(error).split(os.EOL)[0]!);
  const fail = (name: string, hint: string): VarveError =>
    new VarveError(name, `${what} cannot be fetched: ${reason}`, { cause: error, hint });
  if (code === "EINTEGRITY") {
    return fail(
      "NPM_INTEGRITY",
      "what the registry serves is not what the lockfile pins; find out why before renewing the lockfile (npm cache verify, npm view … dist)",
    );
  }
  if (code === "E404" || code === "ETARGET") {
    return fail("NPM_NOT_FOUND", "is it in another registry? see: npm config get registry");
  }
  if (code === "E401" || code === "E403") {
    return fail("NPM_DENIED", "log in to the registry (npm login), or check the token in .npmrc");
  }
  if (code === "ENOTCACHED") {
    return fail("OFFLINE", "run once without --offline, while the network is there");
  }
  if (NETWORK_CODES.has(code)) {
    return fail("NPM_NETWORK", "is the network there? npm's settings count: npm config list");
  }
  return fail(
    "NPM_FETCH",
    "npm's own settings, cache and proxies were used; try: npm view " + what,
  );
}

/** User names and passwords in addresses stay private. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/(\w+:\/\/)[^\s/@]+@/g, "$1***@");
}

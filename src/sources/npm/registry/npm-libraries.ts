import { createRequire } from "node:module";
import path from "node:path";
import { messageOf, VarveError } from "../../../errors.ts";
import type { PlatformRules } from "../lockfile/lock.ts";

/** What npm's settings come to, as npm's libraries take it. */
type NpmOptions = Readonly<Record<string, unknown>>;

/** The parts of `pacote` that are used (its documentation, "API"). */
interface Pacote {
  tarball(spec: string, options: NpmOptions): Promise<Buffer & { integrity?: string }>;
  packument(spec: string, options: NpmOptions): Promise<Packument>;
  manifest(spec: string, options: NpmOptions): Promise<PublishedManifest>;
}

/** The part of `cacache`, npm's cache, that is used. */
interface Cacache {
  readonly get: {
    /** Rejects with `ENOENT` or `EINTEGRITY`. */
    byDigest(cache: string, integrity: string): Promise<Buffer>;
  };
}

/** What a registry says of one version of a package. */
export interface PublishedManifest extends PlatformRules {
  readonly _integrity?: string;
}

/** What a registry says of a package's versions. */
export interface Packument {
  readonly name: string;
  readonly "dist-tags"?: Readonly<Record<string, string>>;
  readonly versions: Readonly<
    Record<string, { readonly dist: { readonly integrity?: string; readonly tarball: string } }>
  >;
}

interface ConfigOptions {
  readonly [option: string]: unknown;
}

interface Config {
  load(): Promise<void>;
  readonly flat: NpmOptions;
}

export interface NpmLibraries {
  readonly pacote: Pacote;
  readonly cacache: Cacache;
  readonly options: NpmOptions;
}

/**
 * npm's own libraries, from npm's own folder, with its settings for a project: the files of the
 * project, the user and the machine, and `npm_config_…` of the environment.
 *
 * @param npm folder of the installation
 * @throws VarveError `NPM_ABSENT` when that npm is too old or damaged
 */
export async function loadNpmLibraries(
  npm: string,
  project: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<NpmLibraries> {
  try {
    // Under another name: these are no dependencies of ours.
    const fromNpm = createRequire(path.join(npm, "package.json"));
    const pacote = fromNpm("pacote") as Pacote;
    const cacache = fromNpm("cacache") as Cacache;
    const Config = fromNpm("@npmcli/config") as new (options: ConfigOptions) => Config;
    const definitions = fromNpm("@npmcli/config/lib/definitions") as ConfigOptions;
    const config = new Config({
      ...definitions,
      npmPath: npm,
      argv: [process.execPath, "npm"],
      // It writes to the environment that it is given.
      env: { ...env },
      cwd: project,
      warn: false,
    });
    await config.load();
    return { pacote, cacache, options: { ...config.flat } };
  } catch (error) {
    throw new VarveError(
      "NPM_ABSENT",
      `npm's libraries in ${npm} cannot be used: ${messageOf(error)}`,
      { cause: error, hint: "npm 9 or newer is needed, whole and sound; try: npm --version" },
    );
  }
}

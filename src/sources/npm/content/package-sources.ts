import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { compareWithPublished, describeDifference } from "./compare-published.ts";
import { locateInstalled } from "./locate.ts";
import { checkNativeModules, isUnbuilt, refuseUnbuilt } from "./native-modules.ts";
import { installedAt, readPackageFiles, runsInstallScript } from "./package-files.ts";
import type { PackageFiles } from "./package-files.ts";
import type { PackageStore } from "./package-store.ts";
import { readTarball } from "./unpack.ts";
import type { Lock, LockedPackage } from "../lockfile/lock.ts";
import { readManifest } from "../lockfile/manifest.ts";
import { machinePlatform, runsOn } from "../platform.ts";
import type { NodePlatform } from "../platform.ts";
import { nameSome } from "../../../wording/format.ts";
import type { NpmRegistry } from "../registry/npm-registry.ts";

/**
 * Where packages come from: `installed` (the project's `node_modules`), `published` (tarballs from
 * npm's cache or a registry), or `auto`: installed where there is a `node_modules` and the package
 * is for this machine, too, published otherwise.
 */
export type ContentMode = "auto" | "installed" | "published";

/** Names in one notice. */
const NAMES_SHOWN = 3;

/** What installing a project runs of its own, and what may change packages. */
const PROJECT_SCRIPTS = ["preinstall", "install", "postinstall", "prepare"];

/** A package's files, and whether they are those that its integrity stands for. */
export interface SourcedPackage extends PackageFiles {
  /** What identifies the content; undefined when only the files do. */
  readonly identity: string | undefined;
}

export interface PackageSourcesOptions {
  readonly platform: NodePlatform;
  /** The image's Node, if it is known. */
  readonly node: string | undefined;
  readonly mode: ContentMode;
  readonly verify: boolean;
  readonly registry: NpmRegistry;
  readonly store: PackageStore;
  readonly onNotice: (message: string) => void;
}

/** Finds the files of every package of a lock, and checks them. */
export class PackageSources {
  readonly #lock: Lock;
  readonly #options: PackageSourcesOptions;
  readonly #installed: ReadonlyMap<string, string>;
  /** When the tree was finished; files written later were changed by somebody. */
  readonly #installedAt: number;

  constructor(lock: Lock, selected: readonly string[], options: PackageSourcesOptions) {
    this.#lock = lock;
    this.#options = options;
    const isUsed = options.mode !== "published";
    this.#installed = isUsed ? locateInstalled(lock, selected) : new Map();
    this.#installedAt = (isUsed ? installedAt(lock.root) : undefined) ?? 0;
  }

  /** @throws VarveError `NPM_OUT_OF_STEP`, `NPM_NATIVE`, `NPM_DIFFERS`, and what fetching throws */
  async filesOf(keys: readonly string[]): Promise<Map<string, SourcedPackage>> {
    const hasTree = keys.some((key) => this.#installed.has(key));
    this.#noticeUnpinned(keys);
    const found = await Promise.all(
      keys.map(async (key) => {
        const locked = this.#lock.packages.get(key)!;
        const folder = this.#installed.get(key);
        const files =
          folder !== undefined && this.#isForMachine(locked)
            ? await this.#fromTree(locked, folder)
            : await this.#fromTarball(locked, hasTree);
        const { platform, node } = this.#options;
        checkNativeModules(nameOf(locked), files, platform, node);
        return [key, files] as const;
      }),
    );
    return new Map(found);
  }

  /** Of these any content would do; npm leaves entries so when it installs from what it finds. */
  #noticeUnpinned(keys: readonly string[]): void {
    const names = keys
      .map((key) => this.#lock.packages.get(key)!)
      .filter((locked) => isFromRegistry(locked) && locked.integrity === undefined)
      .filter(
        ({ checksum, patched, bundledIn }) => (checksum ?? patched ?? bundledIn) === undefined,
      )
      .map(nameOf);
    if (names.length === 0) return;
    const { file } = this.#lock;
    this.#options.onNotice(
      `${file} has no integrity of ${nameSome(names, NAMES_SHOWN)}: only the version is checked; renewing the lockfile adds it`,
    );
  }

  /** What an install script built here may not run elsewhere; checked by its native modules. */
  #isForMachine({ platform }: LockedPackage): boolean {
    return this.#options.mode === "installed" || runsOn(platform, machinePlatform());
  }

  async #fromTree(locked: LockedPackage, folder: string): Promise<SourcedPackage> {
    const files = readPackageFiles(folder, this.#bundlesByLock(locked));
    const { manifest, scan } = files;
    if (manifest.version !== locked.version || manifest.name !== locked.name) {
      throw this.#outOfStep(
        `${folder} holds ${manifest.name ?? "?"}@${manifest.version ?? "?"}, the lockfile has ${nameOf(locked)}`,
      );
    }
    if (isUnbuilt(files)) {
      const { onNotice } = this.#options;
      onNotice(`${nameOf(locked)} has no native module: its install script has not run here`);
    }
    const identity = locked.patched === true ? undefined : (locked.integrity ?? locked.checksum);
    const hasScript = locked.hasInstallScript ?? runsInstallScript(files);
    const isSuspect = hasScript || scan.hasEmptyFolder || scan.newest > this.#installedAt;
    if (identity === undefined) return { ...files, identity };
    if (!isSuspect && !this.#options.verify) return { ...files, identity };
    return {
      ...files,
      identity: (await this.#isAsPublished(locked, files, hasScript)) ? identity : undefined,
    };
  }

  async #isAsPublished(
    locked: LockedPackage,
    files: PackageFiles,
    hasScript: boolean,
  ): Promise<boolean> {
    const { registry, verify, onNotice } = this.#options;
    const name = nameOf(locked);
    const tarball = verify ? await registry.tarball(locked) : await registry.cachedTarball(locked);
    if (tarball === undefined) {
      if (hasScript) {
        onNotice(
          `${name} goes in as it is here: its install script may have made files, and npm's cache lacks what was published`,
        );
      }
      return false;
    }
    const difference = compareWithPublished(files, await readTarball(tarball, name));
    if (difference === undefined) return true;
    const how = describeDifference(difference);
    if (!hasScript && (verify || !this.#mayDiffer())) {
      throw new VarveError(
        "NPM_DIFFERS",
        `${name} in ${files.folder} is not what was published: ${how}`,
        {
          hint: `install it anew: ${this.#reinstall()}; if the change is meant, say "content": "installed" beside "npm" in the recipe`,
        },
      );
    }
    onNotice(`${name} differs from what was published, and goes in as it is here: ${how}`);
    return false;
  }

  /** Whether somebody wanted it so: the recipe, or a script of the project's own that may patch. */
  #mayDiffer(): boolean {
    if (this.#options.mode === "installed") return true;
    const { root, folders } = this.#lock;
    return folders.some((folder) => {
      const { scripts = {} } = readManifest(path.join(root, folder)) ?? {};
      return PROJECT_SCRIPTS.some((name) => scripts[name] !== undefined);
    });
  }

  async #fromTarball(locked: LockedPackage, hasTree: boolean): Promise<SourcedPackage> {
    const { mode, store, platform } = this.#options;
    const name = nameOf(locked);
    if (hasTree && (mode === "installed" || this.#shouldBeInstalled(locked))) {
      throw this.#outOfStep(`${name} is not installed`);
    }
    if (locked.patched === true) {
      throw new VarveError("NPM_PATCHED", `${name} is patched by the project, and not installed`, {
        hint: "install the project, so that the patched files are there",
      });
    }
    const files = readPackageFiles(await store.folderOf(locked), this.#bundlesByLock(locked));
    refuseUnbuilt(name, files, platform);
    return { ...files, identity: locked.integrity ?? locked.checksum };
  }

  #shouldBeInstalled({ platform }: LockedPackage): boolean {
    return this.#options.mode === "auto" && runsOn(platform, machinePlatform());
  }

  /** npm's lockfile names bundled packages; the others' leave it to the manifest. */
  #bundlesByLock({ key }: LockedPackage): boolean | undefined {
    if (this.#lock.manager !== "npm") return undefined;
    this.#bundlers ??= new Set([...this.#lock.packages.values()].map((entry) => entry.bundledIn));
    return this.#bundlers.has(key);
  }

  #bundlers: ReadonlySet<string | undefined> | undefined;

  #outOfStep(why: string): VarveError {
    const { root } = this.#lock;
    return new VarveError("NPM_OUT_OF_STEP", `${root}/node_modules is out of step: ${why}`, {
      hint: `install what the lockfile pins: ${this.#reinstall()}`,
    });
  }

  #reinstall(): string {
    const { manager } = this.#lock;
    return manager === "npm" ? "npm ci" : `${manager} install`;
  }
}

/** Elsewhere a commit or a path pins. */
function isFromRegistry({ resolved }: LockedPackage): boolean {
  return resolved === undefined;
}

function nameOf({ name, version }: LockedPackage): string {
  return `${name}@${version}`;
}

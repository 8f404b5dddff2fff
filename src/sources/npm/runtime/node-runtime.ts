import path from "node:path";
import type { ComponentInput } from "../../../closure/closure.ts";
import { VarveError } from "../../../errors.ts";
import type { Tree } from "../../../packing/layer-spec.ts";
import { byteStringOf } from "../../../tar/byte-string.ts";
import type { NpmContent } from "../component-draft.ts";
import { hashOf } from "../content/package-content.ts";
import type { PackageStore } from "../content/package-store.ts";
import { readElf } from "../content/elf.ts";
import { readPackageFiles } from "../content/package-files.ts";
import { chooseVersion } from "../project/node-version.ts";
import type { NodePlatform } from "../platform.ts";
import type { NpmRegistry } from "../registry/npm-registry.ts";

/** Node for an image, pinned: what a lock file keeps of it. Plain, its keys sorted. */
export interface NodeRuntimeLock {
  /** Integrity of the tarball for each platform, by npm's words (`linux-x64`), in SRI form. */
  readonly integrity: Readonly<Record<string, string>>;
  /** What the project asked for when it was pinned; another range needs another pin. */
  readonly range: string;
  readonly version: string;
}

/** Debian's packages for the shared libraries that Node's own builds need, by their names. */
const DEBIAN_PACKAGES: ReadonlyArray<readonly [library: RegExp, debian: string]> = [
  [/^(?:libc|libdl|libm|libpthread|librt)\.so\.\d|^ld-linux/, "libc6"],
  [/^libstdc\+\+\.so\.6$/, "libstdc++6"],
  [/^libgcc_s\.so\.1$/, "libgcc-s1"],
  [/^libatomic\.so\.1$/, "libatomic1"],
];

/** Where Node goes in the image. */
export const NODE_PROGRAM = "/usr/local/bin/node";
/** Files of Node's package that are needed to run, and where they go. */
const PLACES: ReadonlyArray<readonly [file: string, at: string]> = [
  ["bin/node", NODE_PROGRAM],
  ["LICENSE", "/usr/local/share/doc/node/LICENSE"],
];

/** Node as a component of an image. */
export interface NodeRuntime extends ComponentInput {
  readonly content: NpmContent;
  /** Shared libraries that it needs from the image (`DT_NEEDED`). */
  readonly libraries: readonly string[];
  /** Debian's packages that have them. */
  readonly debianPackages: readonly string[];
}

/**
 * Chooses a version of Node that every platform has, and pins it by its integrity.
 *
 * @throws VarveError `NPM_NODE_VERSION` when no version fits, `NPM_NODE_PLATFORM` for a platform
 *   without packages of Node
 */
export async function lockNodeRuntime(
  range: string,
  platforms: readonly NodePlatform[],
  registry: NpmRegistry,
): Promise<NodeRuntimeLock> {
  const packuments = await Promise.all(
    platforms.map((platform) => registry.packument(packageName(platform))),
  );
  const [first, ...others] = packuments;
  const common = Object.keys(first?.versions ?? {}).filter((version) =>
    others.every(({ versions }) => versions[version] !== undefined),
  );
  const version = await chooseVersion(range, common);
  const names = platforms.map(platformName);
  if (version === undefined) {
    throw new VarveError("NPM_NODE_VERSION", `no Node fits "${range}" for ${names.join(" and ")}`, {
      hint: "ask for another version in engines.node or .nvmrc",
    });
  }
  const integrity: Record<string, string> = {};
  for (const [index, { versions }] of packuments.entries()) {
    const pinned = versions[version]!.dist.integrity;
    if (pinned !== undefined) integrity[names[index]!] = pinned;
  }
  return {
    integrity: Object.fromEntries(
      Object.entries(integrity).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ),
    range,
    version,
  };
}

/**
 * The Node program and its licence as a component, fetched unless it is there, checked against the
 * lock.
 *
 * @throws VarveError `NPM_NODE_PLATFORM` for a platform that is not in the lock
 */
export async function nodeRuntime(
  lock: NodeRuntimeLock,
  platform: NodePlatform,
  store: PackageStore,
): Promise<NodeRuntime> {
  const { version } = lock;
  const integrity = lock.integrity[platformName(platform)];
  if (integrity === undefined) {
    throw new VarveError(
      "NPM_NODE_PLATFORM",
      `the lock has no Node for ${platformName(platform)}`,
      {
        hint: "renew the lock for this platform, too",
      },
    );
  }
  const folder = await store.folderOf(
    { name: packageName(platform), version, integrity },
    PLACES.map(([file]) => file),
  );
  const { scan } = readPackageFiles(folder);
  const libraries = readElf(path.join(folder, "bin/node"))?.libraries ?? [];
  const trees = PLACES.map(([file, at]): Tree => ({
    at: byteStringOf(at),
    from: byteStringOf(path.join(folder, file)),
    hash: hashOf([integrity, file]),
    rules: { modes: "normalised" },
  }));
  return {
    id: `node@${version}`,
    references: [],
    size: scan.size,
    contentHash: hashOf([PLACES, integrity]),
    content: { trees, entries: [] },
    libraries,
    debianPackages: debianPackagesOf(libraries),
  };
}

/** @throws VarveError `NPM_NODE_LIBRARY` for a library that nobody is known to have */
function debianPackagesOf(libraries: readonly string[]): string[] {
  const packages = libraries.map((library) => {
    const known = DEBIAN_PACKAGES.find(([pattern]) => pattern.test(library));
    if (known !== undefined) return known[1];
    throw new VarveError(
      "NPM_NODE_LIBRARY",
      `Node needs ${library}, of an unknown Debian package`,
      {
        hint: "take another version of Node, or Node from Debian or a base image",
      },
    );
  });
  return [...new Set(packages)].toSorted();
}

function platformName({ os, cpu, libc }: NodePlatform): string {
  if (libc === "glibc") return `${os}-${cpu}`;
  throw new VarveError("NPM_NODE_PLATFORM", `there is no package of Node for ${libc}`, {
    hint: "build on Debian's libraries, or take Node from a base image",
  });
}

/** Node's own packages in the registry of npm's settings. */
function packageName(platform: NodePlatform): string {
  return `node-${platformName(platform)}`;
}

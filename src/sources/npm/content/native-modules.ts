import path from "node:path";
import { VarveError } from "../../../errors.ts";
import type { NodePlatform } from "../platform.ts";
import { readElf } from "./elf.ts";
import { describeModuleVersion, moduleVersionIn, moduleVersionOf } from "./module-version.ts";
import type { PackageFiles } from "./package-files.ts";

/** What becomes of a native module that was made on the installing machine. */
const BUILT = /^build\//;

/**
 * Whether a package's native modules (`.node` files) run on the image's platform and Node. A package may
 * bring modules for many platforms, of which it picks one: then one that fits is enough. What its
 * install script built must fit.
 *
 * @param name as messages call the package
 * @param node the image's, if it is known
 * @throws VarveError `NPM_NATIVE`, naming package and file
 */
export function checkNativeModules(
  name: string,
  files: PackageFiles,
  platform: NodePlatform,
  node?: string,
): void {
  const modules = files.scan.files.filter(
    ({ path: place, link }) => place.endsWith(".node") && link === undefined,
  );
  let first: ({ place: string } & Mismatch) | undefined;
  let fits = false;
  for (const { path: place } of modules) {
    const why = whyNot(path.join(files.folder, place), platform, node);
    if (why === undefined) fits = true;
    else if (first === undefined || (BUILT.test(place) && !BUILT.test(first.place))) {
      first = { place, ...why };
    }
  }
  if (first === undefined || (fits && !BUILT.test(first.place))) return;
  const { place, what, wanted, hint } = first;
  throw new VarveError(
    "NPM_NATIVE",
    `${name}: ${place} is ${what}, but the image is for ${wanted}`,
    {
      hint: BUILT.test(place) ? hint.built : hint.ready,
    },
  );
}

/**
 * A package that an install script would build cannot come from its tarball alone.
 *
 * @throws VarveError `NPM_NATIVE`
 */
export function refuseUnbuilt(name: string, files: PackageFiles, platform: NodePlatform): void {
  if (!isUnbuilt(files)) return;
  throw new VarveError(
    "NPM_NATIVE",
    `${name} is built by its install script, which has not run for ${platform.os}/${platform.cpu} with ${platform.libc}`,
    {
      hint: "install the project (with scripts) on a machine like the image's platform, or use a package with ready modules",
    },
  );
}

/**
 * Whether a package looks as if its native module had still to be built. One that has optional
 * dependencies may find its modules there.
 */
export function isUnbuilt({ manifest, scan }: PackageFiles): boolean {
  const { gypfile, optionalDependencies = {} } = manifest;
  if (gypfile === false || Object.keys(optionalDependencies).length > 0) return false;
  return (
    scan.files.some(({ path: place }) => place === "binding.gyp") &&
    !scan.files.some(({ path: place }) => place.endsWith(".node"))
  );
}

/** What a module is, and what it should be; what to do if it was built here, or came ready. */
interface Mismatch {
  readonly what: string;
  readonly wanted: string;
  readonly hint: { readonly built: string; readonly ready: string };
}

const OTHER_PLATFORM: Mismatch["hint"] = {
  built:
    "its install script built it for this machine: install on a machine like the image's, or use a package with ready modules for it",
  ready:
    "the package has no module for that platform; build the image for another one, or use another package",
};
const OTHER_NODE: Mismatch["hint"] = {
  built:
    "install with the version of Node that the image has (npm ci, npm rebuild), or give the image the one that installed it: engines.node, .nvmrc",
  ready: "the package has no module for that Node; take another version of it, or of Node",
};

function whyNot(
  file: string,
  platform: NodePlatform,
  node: string | undefined,
): Mismatch | undefined {
  const elf = readElf(file);
  const wanted = `${platform.os}/${platform.cpu} with ${platform.libc}`;
  const not = (what: string): Mismatch => ({ what, wanted, hint: OTHER_PLATFORM });
  if (elf === undefined) return not("no ELF file (made for another system)");
  if (elf.cpu !== platform.cpu) return not(`for ${elf.cpu}`);
  if (elf.libc !== undefined && elf.libc !== platform.libc) return not(`for ${elf.libc}`);
  const needed = node === undefined ? undefined : moduleVersionOf(node);
  const made = needed === undefined ? undefined : moduleVersionIn(file);
  if (needed === undefined || made === undefined || made === needed) return undefined;
  return {
    what: `for ${describeModuleVersion(made)}`,
    wanted: describeModuleVersion(needed),
    hint: OTHER_NODE,
  };
}

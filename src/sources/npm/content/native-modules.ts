import path from "node:path";
import { VarveError } from "../../../errors.ts";
import type { NodePlatform } from "../platform.ts";
import { readElf } from "./elf.ts";
import type { PackageFiles } from "./package-files.ts";

/** What becomes of a native module that was made on the installing machine. */
const BUILT = /^build\//;

/**
 * Whether a package's native modules (`.node` files) run on the image's platform. A package may
 * bring modules for many platforms, of which it picks one: then one that fits is enough. What its
 * install script built must fit.
 *
 * @param name as messages call the package
 * @throws VarveError `NPM_NATIVE`, naming package and file
 */
export function checkNativeModules(
  name: string,
  files: PackageFiles,
  platform: NodePlatform,
): void {
  const modules = files.scan.files.filter(
    ({ path: place, link }) => place.endsWith(".node") && link === undefined,
  );
  let first: { place: string; what: string } | undefined;
  let fits = false;
  for (const { path: place } of modules) {
    const what = whyNot(path.join(files.folder, place), platform);
    if (what === undefined) fits = true;
    else if (first === undefined || (BUILT.test(place) && !BUILT.test(first.place))) {
      first = { place, what };
    }
  }
  if (first === undefined || (fits && !BUILT.test(first.place))) return;
  const wanted = `${platform.os}/${platform.cpu} with ${platform.libc}`;
  throw new VarveError(
    "NPM_NATIVE",
    `${name}: ${first.place} is ${first.what}, but the image is for ${wanted}`,
    {
      hint: BUILT.test(first.place)
        ? "its install script built it for this machine: install on a machine like the image's, or use a package with ready modules for it"
        : "the package has no module for that platform; build the image for another one, or use another package",
    },
  );
}

/**
 * A package that an install script would build cannot come from its tarball alone.
 *
 * @throws VarveError `NPM_NATIVE`
 */
export function refuseUnbuilt(name: string, files: PackageFiles, platform: NodePlatform): void {
  const { scan } = files;
  const isSource =
    files.manifest.gypfile !== false &&
    scan.files.some(({ path: place }) => place === "binding.gyp");
  const hasModule = scan.files.some(({ path: place }) => place.endsWith(".node"));
  if (!isSource || hasModule) return;
  throw new VarveError(
    "NPM_NATIVE",
    `${name} is built by its install script, which has not run for ${platform.os}/${platform.cpu} with ${platform.libc}`,
    {
      hint: "install the project (with scripts) on a machine like the image's platform, or use a package with ready modules",
    },
  );
}

function whyNot(file: string, platform: NodePlatform): string | undefined {
  const elf = readElf(file);
  if (elf === undefined) return "no ELF file (made for another system)";
  if (elf.cpu !== platform.cpu) return `for ${elf.cpu}`;
  if (elf.libc !== undefined && elf.libc !== platform.libc) return `for ${elf.libc}`;
  return undefined;
}

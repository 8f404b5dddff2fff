import * as crypto from "node:crypto";
import type { Tree } from "../../../packing/layer-spec.ts";
import { byteStringOf } from "../../../tar/byte-string.ts";
import type { ComponentDraft } from "../component-draft.ts";
import type { PlacedLink, Placement } from "../layout/placement.ts";
import type { Lock, LockedPackage } from "../lockfile/lock.ts";
import { hashFiles } from "./hash-files.ts";
import { inImage, linkEntries } from "./image-paths.ts";
import { LEFT_OUT_NAMES } from "./package-files.ts";
import type { SourcedPackage } from "./package-sources.ts";

/** Version of the rules by which a package's files become a tree in the image. */
const CONTENT_FORMAT = 1;

/**
 * Somebody else's package at its place: its own files with modes that no umask decides, the
 * symlinks that belong to it. The same whether it was installed or taken from its tarball.
 */
export function packageContent(
  lock: Lock,
  locked: LockedPackage,
  placement: Placement,
  links: readonly PlacedLink[],
  files: SourcedPackage,
  at: string,
): ComponentDraft {
  const executables = Object.values(files.commands).toSorted();
  const identity =
    files.identity ?? hashFiles(files.folder, files.scan.files, new Set(executables));
  const tree: Tree = {
    at: byteStringOf(inImage(at, placement.place)),
    from: byteStringOf(files.folder),
    hash: hashOf([CONTENT_FORMAT, identity]),
    rules: {
      modes: "normalised",
      executables: executables.map(byteStringOf),
      without: {
        names: LEFT_OUT_NAMES,
        paths: files.keepsNodeModules
          ? [
              "node_modules/.bin",
              "node_modules/.package-lock.json",
              ...separateWithin(lock, placement.key),
            ]
          : ["node_modules"],
      },
    },
  };
  const entries = linkEntries(links, at);
  return {
    id: `npm:${placement.place}@${locked.version}`,
    place: placement.place,
    kind: "package",
    references: [...placement.references.values()],
    size: files.scan.size,
    contentHash: hashOf([CONTENT_FORMAT, placement.place, identity, tree.rules, entries]),
    content: { trees: [tree], entries },
  };
}

/** Packages in a package's `node_modules` that did not come in its tarball. */
function separateWithin(lock: Lock, key: string): string[] {
  if (lock.layout !== "placed") return [];
  const within = `${key}/`;
  return [...lock.packages.values()]
    .filter((other) => other.key.startsWith(within) && other.bundledIn === undefined)
    .map((other) => byteStringOf(other.key.slice(within.length)))
    .toSorted();
}

export function hashOf(input: unknown): string {
  return `sha256-${crypto.hash("sha256", JSON.stringify(input), "base64")}`;
}

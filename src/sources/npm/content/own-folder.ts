import path from "node:path";
import type { Tree } from "../../../packing/layer-spec.ts";
import { byteStringOf } from "../../../tar/byte-string.ts";
import { StatCache } from "../../files/stat-cache.ts";
import type { ComponentDraft } from "../component-draft.ts";
import type { PlacedLink, Placement } from "../layout/placement.ts";
import type { Lock } from "../lockfile/lock.ts";
import { readManifest } from "../lockfile/manifest.ts";
import { hashFiles } from "./hash-files.ts";
import { inImage, linkEntries } from "./image-paths.ts";
import { ownFiles } from "./own-files.ts";
import { hashOf } from "./package-content.ts";

export interface OwnFolderOptions {
  /** The project's root in the image. */
  readonly at: string;
  /** The application's folder, relative to the root. */
  readonly application: string;
  /** Where hashes of files are remembered. */
  readonly cacheFolder: string;
  readonly always?: readonly string[] | undefined;
}

/** A folder of the project's own, a workspace or the application, keyed by its files. */
export function ownFolderContent(
  lock: Lock,
  placement: Placement,
  links: readonly PlacedLink[],
  options: OwnFolderOptions,
): ComponentDraft {
  const { key } = placement;
  const folder = path.join(lock.root, key);
  const isApplication = key === options.application;
  const cache = new StatCache(options.cacheFolder, JSON.stringify(["npm", folder]));
  const scan = ownFiles(folder, {
    root: lock.root,
    without: foldersWithin(lock, key),
    always: isApplication ? options.always : undefined,
  });
  const hash = hashFiles(folder, scan.files, new Set(), cache);
  const tree: Tree = {
    at: byteStringOf(inImage(options.at, key)),
    from: byteStringOf(folder),
    hash,
    rules: { modes: "normalised", only: scan.files.map((file) => byteStringOf(file.path)) },
  };
  const entries = linkEntries(links, options.at);
  const name = readManifest(folder)?.name ?? (key === "" ? "app" : key);
  return {
    id: isApplication ? `application:${name}` : `workspace:${key}`,
    place: placement.place,
    kind: isApplication ? "application" : "workspace",
    // The root takes all its workspaces along, whether it names them or not.
    references: [
      ...placement.references.values(),
      ...(isApplication && key === "" ? lock.folders.filter((other) => other !== key) : []),
    ],
    size: scan.size,
    contentHash: hashOf([options.at, key, hash, entries]),
    content: { trees: [tree], entries },
  };
}

function foldersWithin({ folders }: Lock, key: string): string[] {
  const prefix = key === "" ? "" : `${key}/`;
  return folders
    .filter((folder) => folder !== key && folder.startsWith(prefix))
    .map((folder) => folder.slice(prefix.length));
}

import path from "node:path";
import { readManifest } from "../lockfile/manifest.ts";
import type { Manifest } from "../lockfile/manifest.ts";
import { findLockfile, requireManifest } from "../lockfile/read-lock.ts";
import { findEntryPoint } from "./entry-point.ts";
import type { EntryPoint } from "./entry-point.ts";
import { nodeRangeOf } from "./node-version.ts";
import type { NodeRange } from "./node-version.ts";

/** A Node project as its files describe it. */
export interface NodeProject {
  /** The application's folder, absolute. */
  readonly folder: string;
  /** Where the lockfile lies: the folder, or the workspace root around it. */
  readonly root: string;
  readonly lockfile: string;
  /** Without its scope; for naming the image. */
  readonly name: string;
  readonly version: string | undefined;
  readonly node: NodeRange;
  readonly entry: EntryPoint;
  /** The project's own build script, which is run when asked for only. */
  readonly buildScript: string | undefined;
  readonly manifest: Manifest;
}

/**
 * Finds what an image of the project in a folder needs to know, without any configuration.
 *
 * @throws VarveError of `readProject`, and `NPM_NO_ENTRY`, `NPM_NOT_BUILT`
 */
export async function describeProject(place: string): Promise<NodeProject> {
  const project = await readProject(place);
  return { ...project, entry: findEntryPoint(project.folder, project.manifest) };
}

/**
 * The same but for what is run, which may have to be built first.
 *
 * @throws VarveError `NPM_MANIFEST`, `NPM_NO_LOCK`, `NPM_SEVERAL_LOCKS`, `NPM_NODE_VERSION`
 */
export async function readProject(place: string): Promise<Omit<NodeProject, "entry">> {
  const folder = path.resolve(place);
  const manifest = requireManifest(folder);
  const lockfile = findLockfile(folder);
  const root = path.dirname(lockfile);
  const rootManifest = root === folder ? undefined : readManifest(root);
  const node = await nodeRangeOf(
    [...new Set([folder, root])],
    rootManifest === undefined ? [manifest] : [manifest, rootManifest],
  );
  return {
    folder,
    root,
    lockfile,
    name: (manifest.name ?? path.basename(folder)).replace(/^@[^/]*\//, ""),
    version: manifest.version,
    node,
    buildScript: manifest.scripts?.["build"],
    manifest,
  };
}

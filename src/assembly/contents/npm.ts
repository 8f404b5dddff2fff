import * as path from "node:path";
import { platformText } from "../../image/platform.ts";
import { contentKey } from "../../packing/content-key.ts";
import type { NpmRecipeContents } from "../../recipe/contents/contents.ts";
import { INSTALL_MARKS } from "../../sources/npm/content/package-files.ts";
import { closureOfNpm } from "../../sources/npm/closure-of-npm.ts";
import type { NpmContents } from "../../sources/npm/closure-of-npm.ts";
import type { Lock } from "../../sources/npm/lockfile/lock.ts";
import { readLock } from "../../sources/npm/lockfile/read-lock.ts";
import { nodePlatform } from "../../sources/npm/platform.ts";
import { describeProject } from "../../sources/npm/project/describe-project.ts";
import type { NodeProject } from "../../sources/npm/project/describe-project.ts";
import { NODE_PROGRAM } from "../../sources/npm/runtime/node-runtime.ts";
import type { ImageDefaults } from "../image-defaults.ts";
import { packedSource } from "../layer-source.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";

/** Somebody who is nobody in particular, as distroless has it. */
const NONROOT = "65532:65532";

/**
 * A Node project: its packages, its workspaces, and the application above them.
 *
 * @param node version of the image's Node, if it is known
 */
export async function gatherNpm(
  { npm: folder, to, content, always = [] }: NpmRecipeContents,
  node: string | undefined,
  { platform, cacheFolder, isOffline, note }: GatherOptions,
): Promise<Gathered> {
  const project = await describeProject(folder);
  const lock = await readLock(project.lockfile);
  const contents = await closureOfNpm(lock, project.folder, {
    platform: nodePlatform(platformText(platform)),
    node,
    cacheFolder,
    at: to,
    content,
    always: [...always, project.entry.file],
    isOffline,
    onNotice: note,
  });
  return {
    source: packedSource({
      closure: contents.closure,
      apart: ownComponents(contents),
      specOf(ids, common) {
        const parts = ids.map((id) => contents.contentOf(id));
        const spec = {
          parents: [],
          trees: parts.flatMap(({ trees }) => trees),
          entries: parts.flatMap(({ entries }) => entries),
          common,
        };
        return { spec, contentKey: contentKey(spec) };
      },
    }),
    defaults: defaultsOf(project, to),
    places: placesOf(project, lock),
  };
}

/** What changes while somebody works on the project, and what is written last while installing. */
function placesOf({ folder, root, lockfile }: NodeProject, { folders }: Lock): string[] {
  return [
    folder,
    lockfile,
    ...folders.filter((own) => own !== "").map((own) => path.join(root, own)),
    ...["package.json", ".npmrc", ".dockerignore"].map((name) => path.join(root, name)),
    ...INSTALL_MARKS.map((name) => path.join(root, "node_modules", name)),
  ];
}

/** The workspaces, and the application on top: what changes most often. */
function ownComponents(contents: NpmContents): string[] {
  const { closure, application } = contents;
  const workspaces = closure.components
    .map(({ id }) => id)
    .filter((id) => id !== application && contents.kindOf(id) === "workspace");
  return [...workspaces, application];
}

function defaultsOf({ name, entry, folder, root }: NodeProject, to: string): ImageDefaults {
  const own = path.relative(root, folder).split(path.sep).join("/");
  return {
    name,
    cmd: [NODE_PROGRAM, ...entry.args],
    env: [
      "NODE_ENV=production",
      ...Object.entries(entry.env).map(([variable, value]) => `${variable}=${value}`),
    ],
    user: NONROOT,
    workingDir: own === "" ? to : `${to}/${own}`,
  };
}

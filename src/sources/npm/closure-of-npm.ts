import path from "node:path";
import { Closure } from "../../closure/closure.ts";
import { VarveError } from "../../errors.ts";
import { ownFolderContent } from "./content/own-folder.ts";
import { packageContent } from "./content/package-content.ts";
import { PackageStore } from "./content/package-store.ts";
import { PackageSources } from "./content/package-sources.ts";
import type { ContentMode } from "./content/package-sources.ts";
import { commandLinks } from "./layout/command-links.ts";
import { layOut } from "./layout/lay-out.ts";
import type { Lock } from "./lockfile/lock.ts";
import type { ComponentDraft, NpmComponentKind, NpmContent } from "./component-draft.ts";
import { completePlatforms } from "./complete-platforms.ts";
import { condense } from "./condense.ts";
import type { NodePlatform } from "./platform.ts";
import { NpmRegistry } from "./registry/npm-registry.ts";
import { selectProduction } from "./select.ts";

export interface NpmContents {
  readonly closure: Closure;
  /** Id of the application's own component, the closure's root. */
  readonly application: string;
  contentOf(id: string): NpmContent;
  kindOf(id: string): NpmComponentKind;
}

export interface NpmOptions {
  /** The platform of the image. */
  readonly platform: NodePlatform;
  /** Version of the image's Node, which native modules have to fit. [not known] */
  readonly node?: string | undefined;
  /** Where varve keeps what it fetches. */
  readonly cacheFolder: string;
  /** Where the project's root goes in the image: absolute, without a trailing `/`. [/app] */
  readonly at?: string | undefined;
  /** Where packages come from. [auto] */
  readonly content?: ContentMode | undefined;
  /** Compares every installed package with what was published. [false] */
  readonly verify?: boolean | undefined;
  /** Files of the application that its image must have, whatever leaves them out. */
  readonly always?: readonly string[] | undefined;
  /** Nothing is fetched: npm's cache and ours must do. [false] */
  readonly isOffline?: boolean | undefined;
  /** Told what a person should know: packages that differ from what was published, … */
  readonly onNotice?: ((message: string) => void) | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The closure of a Node project for production on a platform: packages at their places, the
 * project's workspaces, the application; and what each puts into the image.
 *
 * @param folder of the application, absolute: the lockfile's folder or a workspace in it
 * @throws VarveError `NPM_…`, each naming the package or file
 */
export async function closureOfNpm(
  pinned: Lock,
  folder: string,
  options: NpmOptions,
): Promise<NpmContents> {
  const { platform, onNotice = () => {} } = options;
  const registry = new NpmRegistry(pinned.root, options.env, options.isOffline);
  const own = path.relative(pinned.root, folder).split(path.sep).join("/");
  if (!pinned.folders.includes(own)) {
    throw new VarveError(
      "NPM_NO_LOCK",
      `${folder} is not in ${pinned.file}, the lockfile around it`,
      {
        hint: `make it a workspace of ${pinned.root}, or give it a lockfile of its own`,
      },
    );
  }
  const usesInstalled = options.content !== "published";
  const lock = await completePlatforms(pinned, own, platform, registry, usesInstalled);
  const selected = selectProduction(lock, own, platform);
  const placements = layOut(lock, selected);
  const sources = new PackageSources(lock, selected, {
    platform,
    node: options.node,
    mode: options.content ?? "auto",
    verify: options.verify ?? false,
    registry,
    store: new PackageStore(options.cacheFolder, registry),
    onNotice,
  });
  const at = options.at ?? "/app";
  const packages = placements.filter(({ key }) => !lock.folders.includes(key));
  const files = await sources.filesOf([...new Set(packages.map(({ key }) => key))]);
  const links = commandLinks(lock, placements, (key) => files.get(key)?.commands ?? {});
  const drafts: ComponentDraft[] = [];
  for (const placement of placements) {
    const found = files.get(placement.key);
    const locked = lock.packages.get(placement.key)!;
    const ownLinks = [...placement.links, ...(links.get(placement.place) ?? [])];
    drafts.push(
      found === undefined
        ? ownFolderContent(lock, placement, ownLinks, { ...options, at, application: own })
        : packageContent(lock, locked, placement, ownLinks, found, at),
    );
  }
  const components = condense(drafts);
  const byId = new Map(components.map((component) => [component.id, component]));
  const application = drafts.find(({ kind }) => kind === "application")!.id;
  return {
    closure: Closure.of(components),
    application: components.find(({ members }) => members.includes(application))!.id,
    contentOf: (id) => byId.get(id)!.content,
    kindOf: (id) => byId.get(id)!.kind,
  };
}

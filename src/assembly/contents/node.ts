import { Closure } from "../../closure/closure.ts";
import { platformText } from "../../image/platform.ts";
import { contentKey } from "../../packing/content-key.ts";
import type { NodeRecipeContents } from "../../recipe/contents/contents.ts";
import { PackageStore } from "../../sources/npm/content/package-store.ts";
import { nodePlatform } from "../../sources/npm/platform.ts";
import { NpmRegistry } from "../../sources/npm/registry/npm-registry.ts";
import { lockNodeRuntime, nodeRuntime } from "../../sources/npm/runtime/node-runtime.ts";
import { packedSource } from "../layer-source.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";

/** Node as contents, and what of Debian it needs. */
export interface GatheredNode extends Gathered {
  readonly version: string;
  readonly debianPackages: readonly string[];
}

/** The Node program, pinned in the lock file by its integrity. */
export async function gatherNode(
  { node: range }: NodeRecipeContents,
  { platform, project, pins, cacheFolder, isOffline }: GatherOptions,
): Promise<GatheredNode> {
  const registry = new NpmRegistry(project, process.env, isOffline);
  const target = nodePlatform(platformText(platform));
  const lock = await pins.pin(
    "node",
    (pinned) => (pinned.range === range ? undefined : `it pins ${pinned.range}, not ${range}`),
    () => lockNodeRuntime(range, [target], registry),
  );
  const runtime = await nodeRuntime(lock, target, new PackageStore(cacheFolder, registry));
  const { content, debianPackages } = runtime;
  const source = packedSource({
    closure: Closure.of([runtime]),
    specOf(_, common) {
      const spec = { parents: [], ...content, common };
      return { spec, contentKey: contentKey(spec) };
    },
  });
  const { version } = lock;
  return { source, version, defaults: { hasUsualPrograms: true }, debianPackages };
}

import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../errors.ts";
import { NIX_FEATURES, runNix } from "./nix-command.ts";
import { storePathOf } from "./store-path.ts";
import type { NixStore } from "./store.ts";

/** Follows this many links before it takes them for a circle. */
const MOST_LINKS = 16;

/** What an argument names: something in the store, or something that Nix has to build first. */
export type NixArgument =
  | { readonly kind: "store-path"; readonly path: string }
  | { readonly kind: "installable"; readonly installable: string };

/**
 * Tells what is meant: a store path (or a file in one), a link such as `./result`, or a flake
 * installable.
 *
 * @throws VarveError `SOURCE_UNKNOWN` when it is none
 */
export function parseNixArgument(text: string, store: NixStore): NixArgument {
  const direct = storePathOf(text, store.storeDir);
  if (direct !== undefined) return { kind: "store-path", path: direct };
  const isInstallable = text.includes("#") || /^[a-z][a-z0-9+.-]*:/.test(text);
  if (isInstallable) return { kind: "installable", installable: text };
  const linked = storePathBehind(text, store);
  if (linked !== undefined) return { kind: "store-path", path: linked };
  if (fs.existsSync(path.join(text, "flake.nix")))
    return { kind: "installable", installable: text };
  throw new VarveError(
    "SOURCE_UNKNOWN",
    fs.existsSync(text)
      ? `${text} is neither a recipe, nor in the Nix store, nor a flake`
      : `there is no ${text}`,
    { hint: "give a recipe file, a store path, a link to one such as ./result, or .#NAME" },
  );
}

/** Links are followed by hand: with a store root, what they point to is not where they say. */
function storePathBehind(file: string, store: NixStore): string | undefined {
  let at = path.resolve(file);
  for (let hops = 0; hops < MOST_LINKS; hops += 1) {
    const inStore = storePathOf(at, store.storeDir);
    if (inStore !== undefined) return inStore;
    if (fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return undefined;
    at = path.resolve(path.dirname(at), fs.readlinkSync(at));
  }
  return undefined;
}

/**
 * Builds an installable, Nix's progress going to the user.
 *
 * @returns the store paths of its outputs
 * @throws VarveError `NIX_MISSING`, `NIX_FAILED`
 */
export async function buildInstallable(
  installable: string,
  store: NixStore,
  nixArgs: readonly string[],
): Promise<string[]> {
  const text = await runNix(
    "nix",
    [
      ...NIX_FEATURES,
      "build",
      "--no-link",
      "--json",
      ...store.commandOptions,
      ...nixArgs,
      installable,
    ],
    { what: `nix build ${installable}`, showMessages: true },
  );
  const paths = outputPaths(JSON.parse(text));
  if (paths.length > 0) return paths;
  throw new VarveError("NIX_FAILED", `nix build ${installable} names no output`);
}

/** `[{outputs: {out: "/nix/store/…"}}]`; newer versions may say `{path: …}` in either place. */
function outputPaths(json: unknown): string[] {
  if (typeof json === "string") return json.startsWith("/") ? [json] : [];
  if (Array.isArray(json)) return json.flatMap(outputPaths);
  if (typeof json !== "object" || json === null) return [];
  if ("outputs" in json && typeof json.outputs === "object" && json.outputs !== null) {
    return Object.values(json.outputs).flatMap(outputPaths);
  }
  return "path" in json ? outputPaths(json.path) : [];
}

/** Says whether an attribute is an image that dockerTools or varve makes. */
const HAS_CONF = "image: (image.conf or { }) ? drvPath";

/**
 * The conf of an image: dockerTools' `streamLayeredImage` and `buildLayeredImage` have one in
 * their attribute `conf`. Undefined for everything else.
 *
 * @returns the path of the conf JSON
 * @throws VarveError `NIX_MISSING`, `NIX_FAILED`
 */
export async function buildConf(
  installable: string,
  store: NixStore,
  nixArgs: readonly string[],
): Promise<string | undefined> {
  const args = [...NIX_FEATURES, "eval", "--json", ...store.commandOptions, ...nixArgs];
  const answer = await runNix("nix", [...args, installable, "--apply", HAS_CONF], {
    what: `nix eval ${installable}`,
    showMessages: false,
  });
  if (answer.trim() !== "true") return undefined;
  const [conf] = await buildInstallable(confOf(installable), store, nixArgs);
  return conf;
}

/** `.#image^out` → `.#image.conf`; `.` → `.#default.conf`. */
function confOf(installable: string): string {
  const [flake = "", attribute = ""] = installable.replace(/\^[^#]*$/, "").split("#");
  return `${flake}#${attribute === "" ? "default" : attribute}.conf`;
}

import * as fs from "node:fs";
import { VarveError } from "../../errors.ts";
import { buildInstallables, runFlakeCommand, withoutFile } from "./installable.ts";
import type { InstallableOptions } from "./installable.ts";
import { isObject, parseJson } from "./json-value.ts";

/**
 * A function that gives the version of Nix and the derivation of an image's conf, null for what is
 * no image. Images made by older versions of nixpkgs' buildLayeredImage have only `stream.conf`.
 * `or` answers for attributes that are not there, and for nothing else: what fails, fails.
 */
const CONF_OF = "x: [ builtins.nixVersion (x.conf.drvPath or x.stream.conf.drvPath or null) ]";

/** From this version on `^*` after a derivation means its outputs; soon after, it was needed. */
const OUTPUTS_SYNTAX_SINCE = [2, 13] as const;

/**
 * Builds the conf of an installable that is an image; undefined if it is none, that is, has no
 * `conf` as dockerTools' `streamLayeredImage` and `buildLayeredImage` have it.
 *
 * @returns the path of the conf JSON, by its logical name
 * @throws VarveError `NIX_FAILED` when the installable cannot be evaluated, or its conf not built;
 * `NIX_MISSING`
 */
export async function buildConf(
  installable: string,
  options: InstallableOptions,
): Promise<string | undefined> {
  const derivation = await confDerivation(installable, options);
  if (derivation === undefined) return undefined;
  const nixArgs = withoutFile(options.nixArgs ?? []);
  const [conf] = await buildInstallables([derivation], { ...options, nixArgs });
  return conf !== undefined && isConf(options.store.locate(conf)) ? conf : undefined;
}

async function confDerivation(
  installable: string,
  options: InstallableOptions,
): Promise<string | undefined> {
  const args = ["--json", "--apply", CONF_OF];
  const output = await runFlakeCommand("eval", args, [withoutOutputs(installable)], options);
  const answer = parseJson(output, "nix eval");
  const [version, derivation] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (typeof version !== "string") {
    throw new VarveError("NIX_FAILED", `nix eval answered in an unknown way: ${output}`);
  }
  if (typeof derivation !== "string") return undefined;
  return isFrom(version, OUTPUTS_SYNTAX_SINCE) ? `${derivation}^*` : derivation;
}

/** `.#app^out,dev` → `.#app`: evaluated is the package, whatever outputs of it are wanted. */
function withoutOutputs(installable: string): string {
  return installable.replace(/\^(?:\*|[\w+.?=-]+(?:,[\w+.?=-]+)*)$/, "");
}

function isFrom(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}

/** Whether a file holds what the streaming script reads, and is not only called `conf`. */
function isConf(file: string): boolean {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(file, "utf8"));
    return isObject(value) && Array.isArray(value["store_layers"]);
  } catch {
    return false;
  }
}

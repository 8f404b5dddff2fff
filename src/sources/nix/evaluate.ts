import * as fs from "node:fs";
import { VarveError } from "../../errors.ts";
import { buildInstallables, runFlakeCommand, withoutFile } from "./installable.ts";
import type { InstallableOptions } from "./installable.ts";
import { isObject, parseJson } from "./json-value.ts";

/** What an installable says about itself, besides what building it gives. */
export interface Evaluated {
  /** The conf JSON of an image, by its logical name. */
  readonly conf?: string | undefined;
  /** `meta.mainProgram`: the name of the program that `nix run` starts. */
  readonly mainProgram?: string | undefined;
}

/**
 * A function that gives the version of Nix, the derivation of an image's conf, null for what is no
 * image, and the main program. Images made by older versions of nixpkgs' buildLayeredImage have
 * only `stream.conf`. `or` answers for attributes that are not there, and for nothing else: what
 * fails, fails.
 */
const QUESTIONS =
  "x: [ builtins.nixVersion (x.conf.drvPath or x.stream.conf.drvPath or null) " +
  "(x.meta.mainProgram or null) ]";

/** From this version on `^*` after a derivation means its outputs; soon after, it was needed. */
const OUTPUTS_SYNTAX_SINCE = [2, 13] as const;

/**
 * Evaluates an installable, and builds its conf if it is an image, that is, if it has a `conf` as
 * dockerTools' `streamLayeredImage` and `buildLayeredImage` have it.
 *
 * @throws VarveError `NIX_FAILED` when it cannot be evaluated, or its conf not built; `NIX_MISSING`
 */
export async function evaluate(
  installable: string,
  options: InstallableOptions,
): Promise<Evaluated> {
  const args = ["--json", "--apply", QUESTIONS];
  const output = await runFlakeCommand("eval", args, [withoutOutputs(installable)], options);
  const answer = parseJson(output, "nix eval");
  const [version, derivation, program] = Array.isArray(answer) ? (answer as unknown[]) : [];
  if (typeof version !== "string") {
    throw new VarveError("NIX_FAILED", `nix eval answered in an unknown way: ${output}`);
  }
  return {
    conf: typeof derivation === "string" ? await build(derivation, version, options) : undefined,
    mainProgram: typeof program === "string" ? program : undefined,
  };
}

async function build(
  derivation: string,
  version: string,
  options: InstallableOptions,
): Promise<string | undefined> {
  const outputs = isFrom(version, OUTPUTS_SYNTAX_SINCE) ? `${derivation}^*` : derivation;
  const nixArgs = withoutFile(options.nixArgs ?? []);
  const [conf] = await buildInstallables([outputs], { ...options, nixArgs });
  return conf !== undefined && isConf(options.store.locate(conf)) ? conf : undefined;
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

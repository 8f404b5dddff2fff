import { parseNixArgument } from "../../sources/nix/argument.ts";
import { evaluate } from "../../sources/nix/evaluate.ts";
import type { Evaluated } from "../../sources/nix/evaluate.ts";
import type { InstallableOptions } from "../../sources/nix/installable.ts";

/** What Nix says of an argument that it has to build, and the conf if it is an image. */
export async function evaluateArgument(
  argument: string,
  options: InstallableOptions,
): Promise<Evaluated> {
  const { store, nixArgs } = options;
  const nixArgument = parseNixArgument(argument, store, nixArgs);
  return nixArgument.kind === "installable" ? evaluate(nixArgument.installable, options) : {};
}

import { closedObject } from "../closed-object.ts";
import { oneOrMore } from "./one-or-more.ts";

/** Store paths, flake installables, or links to store paths such as `./result`. */
export const nixContents = closedObject({ nix: oneOrMore });

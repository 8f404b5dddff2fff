import type { Platform } from "../../image/platform.ts";
import type { InstallableOptions } from "../../sources/nix/installable.ts";
import type { ImageDefaults } from "../image-defaults.ts";
import type { LayerSource } from "../layer-source.ts";
import type { ImagePins } from "../lock/image-pins.ts";

/** What finding a recipe's contents takes. */
export interface GatherOptions {
  readonly platform: Platform;
  /** The folder that `from` of files counts from and may not lead out of. */
  readonly project: string;
  readonly pins: ImagePins;
  /** Whether the image builds upon another, which may have what the contents lack. */
  readonly hasBase: boolean;
  /** Where varve keeps what it fetches and learns. */
  readonly cacheFolder: string;
  /** Nothing is fetched: what was fetched before must do. */
  readonly isOffline: boolean;
  /** Scripts of the Node project that are run first, beside those that the recipe names. */
  readonly scripts: readonly string[];
  /** Believe no remembered hash. */
  readonly ignoreRemembered: boolean;
  readonly nix: () => Promise<InstallableOptions>;
  /** The program that Nix says is a package's main one. */
  readonly mainProgram?: string | undefined;
  readonly note: (message: string) => void;
}

/** What one kind of contents comes to. */
export interface Gathered {
  readonly source: LayerSource;
  readonly defaults: ImageDefaults;
  /** Files and folders that decide what it is, absolute; they need not exist. */
  readonly places?: readonly string[] | undefined;
  /** Lets go of connections. */
  readonly close?: (() => void) | undefined;
}

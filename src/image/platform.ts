import { UsageError } from "../errors.ts";

/** What an image runs on, in Go's names (OCI image-spec, image-index.md, `platform`). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  /** `v8`, `v7`; undefined when nothing says which. */
  readonly variant?: string | undefined;
}

/** Node.js' names of processors → those of images. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  arm64: "arm64",
};
/** What an architecture is when it names no variant, as containerd normalizes. */
const USUAL_VARIANTS: Readonly<Record<string, string>> = { arm64: "v8", arm: "v7", amd64: "v1" };
const PLATFORM = /^([a-z0-9]+)\/([a-z0-9]+)(?:\/([a-z0-9.]+))?$/;

/** Linux on this machine's processor: images run on Linux wherever they are made. */
export function hostPlatform(): Platform {
  return { os: "linux", architecture: ARCHITECTURES[process.arch] ?? process.arch };
}

/**
 * Parses `linux/amd64`, `linux/arm/v7`.
 *
 * @throws UsageError
 */
export function parsePlatform(text: string): Platform {
  const match = PLATFORM.exec(text);
  if (match === null) {
    throw new UsageError(`"${text}" is not a platform`, {
      hint: "write OS/ARCH or OS/ARCH/VARIANT: linux/amd64, linux/arm64, linux/arm/v7",
    });
  }
  const [, os = "", architecture = "", variant] = match;
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

/** `linux/arm/v7`. */
export function platformText({ os, architecture, variant }: Platform): string {
  const parts = variant === undefined || variant === "" ? [] : [variant];
  return [os, architecture, ...parts].join("/");
}

/** Whether what is there is what is wanted; a variant that is not named is the usual one. */
export function isPlatform(has: Platform, wanted: Platform): boolean {
  if (has.os !== wanted.os || has.architecture !== wanted.architecture) return false;
  const { variant = "" } = wanted;
  return variant === "" || variantOf(has) === variant;
}

/**
 * The first of several that is for a platform. Where no variant is wanted the usual one comes
 * before others.
 *
 * @param platformOf what one of them is for; undefined when it does not say
 */
export function choosePlatform<Item>(
  items: readonly Item[],
  wanted: Platform,
  platformOf: (item: Item) => Platform | undefined,
): Item | undefined {
  const fitting = items.filter((item) => {
    const has = platformOf(item);
    return has !== undefined && isPlatform(has, wanted);
  });
  const usual = variantOf(wanted);
  return fitting.find((item) => variantOf(platformOf(item)!) === usual) ?? fitting[0];
}

/** The variant, or what is meant where none is named; empty where nothing is. */
export function variantOf({ architecture, variant }: Platform): string {
  return variant === undefined || variant === "" ? (USUAL_VARIANTS[architecture] ?? "") : variant;
}

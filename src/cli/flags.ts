import { UsageError } from "../errors.ts";
import { COMPRESSIONS } from "../packing/codec/compression.ts";
import type { Compression } from "../packing/codec/compression.ts";
import { PROGRESS_MODES } from "../progress/reporters.ts";
import type { ProgressMode } from "../progress/reporters.ts";

/* Names follow docker buildx where it has the option, and nix and dockerTools where they do. */

const text = (input: string): string => input;

/** Parses a whole number from `least` up. */
export function wholeNumber(least: number): (input: string) => number {
  return (input) => {
    const value = Number(input);
    if (!/^\d+$/.test(input) || !Number.isSafeInteger(value) || value < least) {
      throw new UsageError(`"${input}" is not a whole number from ${least} up`);
    }
    return value;
  };
}

/** Every command has it. */
export interface DebugFlag {
  readonly debug: boolean;
}

/** How the work is done and shown: every command that does some. */
export interface WorkFlags extends DebugFlag {
  readonly progress: ProgressMode;
  readonly quiet: boolean;
  readonly jobs?: number;
  readonly noCache: boolean;
}

export const workFlags = {
  progress: {
    kind: "enum",
    values: PROGRESS_MODES,
    default: "auto",
    brief: "How progress is shown, on standard error",
  },
  quiet: { kind: "boolean", default: false, withNegated: false, brief: "Show no progress" },
  jobs: {
    kind: "parsed",
    parse: wholeNumber(1),
    optional: true,
    brief: "Worker threads [one a core]",
    placeholder: "N",
  },
  noCache: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Pack every layer, whatever digests are remembered",
  },
  debug: { kind: "boolean", default: false, withNegated: false, brief: "Show stack traces" },
} as const;

/** What the image is made of. */
export interface ImageFlags {
  readonly conf?: string;
  readonly graph?: string;
  readonly tag?: readonly string[];
  readonly config?: string;
  readonly env?: readonly string[];
  readonly entrypoint?: string;
  readonly cmd?: string;
  readonly user?: string;
  readonly workdir?: string;
  readonly expose?: readonly string[];
  readonly label?: readonly string[];
  readonly maxLayers?: number;
  readonly strategy?: string;
  readonly pipeline?: string;
  readonly ignore?: string;
  readonly from?: string;
  /** dockerTools' name of it. */
  readonly fromImage?: string;
  readonly created?: string;
  readonly mtime?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly uname?: string;
  readonly gname?: string;
  readonly platform?: string;
  readonly storeRoot?: string;
  readonly nixArgs?: string;
  readonly image?: string;
  readonly run?: readonly string[];
  readonly locked: boolean;
  readonly offline: boolean;
}

const optionalText = { kind: "parsed", parse: text, optional: true } as const;
const repeatedText = { kind: "parsed", parse: text, optional: true, variadic: true } as const;

export const imageFlags = {
  conf: {
    ...optionalText,
    brief: "Take the image from a dockerTools conf JSON",
    placeholder: "FILE",
  },
  graph: {
    ...optionalText,
    brief: "Take the closure from a graph: exportReferencesGraph JSON, a closureInfo",
    placeholder: "FILE",
  },
  tag: { ...repeatedText, brief: "Name of the image; may be repeated", placeholder: "NAME:TAG" },
  config: {
    ...optionalText,
    brief: "OCI image config: a JSON file, or JSON itself",
    placeholder: "FILE|JSON",
  },
  env: { ...repeatedText, brief: "Environment variable of the image", placeholder: "NAME=VALUE" },
  entrypoint: {
    ...optionalText,
    brief: "Program to start: words, or a JSON list",
    placeholder: "X",
  },
  cmd: { ...optionalText, brief: "Default arguments: words, or a JSON list", placeholder: "X" },
  user: { ...optionalText, brief: "User the image runs as", placeholder: "USER[:GROUP]" },
  workdir: { ...optionalText, brief: "Working directory of the image", placeholder: "DIR" },
  expose: { ...repeatedText, brief: "Port the image listens on", placeholder: "PORT[/udp]" },
  label: { ...repeatedText, brief: "Label of the image", placeholder: "NAME=VALUE" },
  maxLayers: {
    kind: "parsed",
    parse: wholeNumber(1),
    optional: true,
    brief: "Most layers the image may have, the base's included [100]",
    placeholder: "N",
  },
  strategy: {
    ...optionalText,
    brief: "How paths are grouped: auto-layer, popularity-contest [auto-layer]",
    placeholder: "NAME",
  },
  pipeline: {
    ...optionalText,
    brief: "Group paths by a layeringPipeline (JSON file)",
    placeholder: "FILE",
  },
  ignore: {
    ...optionalText,
    brief: "Paths to leave out: a file, one a line",
    placeholder: "FILE",
  },
  from: {
    ...optionalText,
    brief: "Base image: a name in a registry, an archive, an OCI layout",
    placeholder: "IMAGE",
  },
  fromImage: {
    ...optionalText,
    hidden: true,
    brief: "The same as --from, as dockerTools calls it",
    placeholder: "IMAGE",
  },
  created: {
    ...optionalText,
    brief: "Date of the image: ISO 8601 or now [SOURCE_DATE_EPOCH, else 1970-01-01T00:00:01Z]",
    placeholder: "DATE",
  },
  mtime: {
    ...optionalText,
    brief: "Date of every file in the layers [1970-01-01T00:00:01Z]",
    placeholder: "DATE",
  },
  uid: {
    kind: "parsed",
    parse: wholeNumber(0),
    optional: true,
    brief: "Owner of every file [0]",
    placeholder: "N",
  },
  gid: {
    kind: "parsed",
    parse: wholeNumber(0),
    optional: true,
    brief: "Group of every file [0]",
    placeholder: "N",
  },
  uname: { ...optionalText, brief: "Owner's name [root]", placeholder: "NAME" },
  gname: { ...optionalText, brief: "Group's name [root]", placeholder: "NAME" },
  platform: {
    ...optionalText,
    brief: "Platform of the image [linux on this machine's processor]",
    placeholder: "OS/ARCH",
  },
  storeRoot: {
    ...optionalText,
    brief: "The Nix store lies under this folder (as nix --store)",
    placeholder: "DIR",
  },
  nixArgs: {
    ...optionalText,
    brief: "Further arguments for nix, quoted as in a shell",
    placeholder: "ARGS",
  },
  image: {
    ...optionalText,
    brief: "Which image, of a recipe with several",
    placeholder: "NAME",
  },
  run: {
    ...repeatedText,
    brief: "Run this script of the Node project first, such as build; may be repeated",
    placeholder: "SCRIPT",
  },
  locked: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Fail where varve.lock would have to change",
  },
  offline: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Fetch no packages: take what was fetched before",
  },
} as const;

/** A file for scripts that says what came of it: every command that delivers an image. */
export const metadataFlag = {
  ...optionalText,
  brief: "Write what was delivered to this file, as JSON",
  placeholder: "FILE",
} as const;

/** Every command that sends only what its destination lacks. */
export const dryRunFlag = {
  kind: "boolean",
  default: false,
  withNegated: false,
  brief: "Say what would be sent, and send nothing",
} as const;

/** How the work is done and shown, for commands that pack nothing. */
export type TransferFlags = Omit<WorkFlags, "noCache">;

const { progress, quiet, jobs, debug } = workFlags;
export const transferFlags = { progress, quiet, jobs, debug } as const;

/** Which image of an index is meant. */
export const wantedPlatformFlag = {
  ...optionalText,
  brief: "The image for this platform, of an index of several",
  placeholder: "OS/ARCH",
} as const;

/** How layers are compressed that are not yet. */
export interface CompressionFlags {
  readonly compression: Compression;
  readonly compressionLevel?: number;
}

export const compressionFlags = {
  compression: {
    kind: "enum",
    values: COMPRESSIONS,
    default: "gzip",
    brief: "How layers are compressed that are not yet",
  },
  compressionLevel: {
    kind: "parsed",
    parse: wholeNumber(1),
    optional: true,
    brief: "Level of gzip (1-9) or zstd (1-19) [3, 3]",
    placeholder: "N",
  },
} as const;

/** Which Docker engine is meant. */
export interface EngineFlags {
  readonly host?: string;
  readonly context?: string;
}

export const engineFlags = {
  host: {
    ...optionalText,
    brief: "Docker engine [DOCKER_HOST, the Docker context, or the local socket]",
    placeholder: "URL",
  },
  context: { ...optionalText, brief: "Docker context", placeholder: "NAME" },
} as const;

/** How registries are reached: every command that talks to one. */
export interface ConnectionFlags {
  readonly plainHttp: boolean;
  readonly tlsVerify?: boolean;
  readonly caFile?: string;
}

export const connectionFlags = {
  plainHttp: {
    kind: "boolean",
    default: false,
    withNegated: false,
    brief: "Talk plain HTTP to the registry [for this machine's own]",
  },
  tlsVerify: { kind: "boolean", optional: true, brief: "Check the registry's certificate" },
  caFile: {
    ...optionalText,
    brief: "Authorities that the registry's certificate may be signed by (PEM)",
    placeholder: "FILE",
  },
} as const;

export const imageAliases = { t: "tag", e: "env", u: "user", w: "workdir" } as const;
export const transferAliases = { q: "quiet", j: "jobs" } as const;
export const workAliases = { q: "quiet", j: "jobs" } as const;

/** The positional arguments of every command that makes an image. */
export const sourceArguments = {
  kind: "array",
  parameter: {
    brief: "A Node project, a recipe file, Nix store paths, or an installable such as .#app [.]",
    parse: text,
    placeholder: "source",
  },
} as const;

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** An entry of a layer, as Python's tarfile reads it. Names have no trailing slash. */
export interface ReadEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "hardlink" | "device" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly link: string;
  /** Content of a small file of the top layer. */
  readonly text?: string;
}

export interface ReadLayer {
  readonly diffId: string;
  readonly entries: readonly ReadEntry[];
}

/** A docker archive, read with Python's tarfile. */
export interface ReadImage {
  readonly manifest: {
    readonly Config: string;
    readonly RepoTags: readonly string[];
    readonly Layers: readonly string[];
  };
  readonly config: {
    readonly created: string;
    readonly architecture: string;
    readonly os: string;
    readonly config: {
      readonly Cmd?: readonly string[];
      readonly Entrypoint?: readonly string[];
      readonly Env?: readonly string[];
      readonly User?: string;
      readonly ExposedPorts?: Readonly<Record<string, object>>;
    };
    readonly rootfs: { readonly diff_ids: readonly string[] };
    readonly history: readonly { readonly created: string; readonly comment: string }[];
  };
  readonly imageId: string;
  readonly members: readonly string[];
  /** Bottom first. */
  readonly layers: readonly ReadLayer[];
}

const run = promisify(execFile);
const maxBuffer = 1 << 30;

/** Reads a docker archive that is plain, gzip or zstd (by its name). */
export async function readDockerArchive(file: string): Promise<ReadImage> {
  if (!file.endsWith(".zst")) return readPlain(file);
  const folder = await mkdtemp(path.join(tmpdir(), "varve-archive-"));
  try {
    const plain = path.join(folder, "image.tar");
    await run("zstd", ["-q", "-d", file, "-o", plain]);
    return await readPlain(plain);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Reads the docker archive that a program writes to standard output. */
export async function readDockerStream(
  program: string,
  options: readonly string[] = [],
): Promise<ReadImage> {
  const folder = await mkdtemp(path.join(tmpdir(), "varve-archive-"));
  try {
    const file = path.join(folder, "image.tar");
    await run("sh", ["-c", 'exec "$@" > "$0"', file, program, ...options], { maxBuffer });
    return await readPlain(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readPlain(file: string): Promise<ReadImage> {
  const reader = path.join(import.meta.dirname, "read-archive.py");
  const { stdout } = await run("python3", [reader, file], { maxBuffer });
  return JSON.parse(stdout) as ReadImage;
}

/** The top layer: links, and what the user's commands have made. */
export function customisationLayer(image: ReadImage): ReadLayer {
  const top = image.layers.at(-1);
  if (top === undefined) throw new Error("the image has no layers");
  return top;
}

/** The entry of a layer with this name, e.g. `./etc/passwd`; fails if there is none. */
export function entryOf(layer: ReadLayer, name: string): ReadEntry {
  const found = layer.entries.find((entry) => entry.name === name);
  if (found === undefined) {
    throw new Error(`no ${name} in: ${layer.entries.map((entry) => entry.name).join(" ")}`);
  }
  return found;
}

/** The store paths in each layer, bottom first; the customisation layer has none of its own. */
export function storePathsOf(image: ReadImage): string[][] {
  return image.layers.map((layer) => {
    const paths = layer.entries.map((entry) => /^\/nix\/store\/[^/]+/.exec(entry.name)?.[0]);
    return [...new Set(paths.filter((found) => found !== undefined))];
  });
}

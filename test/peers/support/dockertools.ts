import { execFile } from "node:child_process";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { TestDockerd } from "./dockerd.ts";
import { nixEnvironment, repository, runNix } from "./nix.ts";

const run = promisify(execFile);
const maxBuffer = 1 << 30;
const images = path.join(import.meta.dirname, "../dockertools/images.nix");

/** What `docker image inspect` says, as far as tests look at it. */
export interface InspectedImage {
  readonly Id: string;
  readonly Created: string;
  readonly Architecture: string;
  readonly RepoTags: readonly string[];
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Config: { readonly Env: readonly string[] };
}

/** No links, and as many builds at a time as there are processors. */
const SPARING = ["--no-out-link", "--max-jobs", "auto"];

/** Builds attributes of dockertools/images.nix, all at once; their store paths by name. */
export async function buildImages<Name extends string>(
  names: readonly Name[],
  options: readonly string[] = [],
): Promise<Record<Name, string>> {
  const wanted = names.flatMap((name) => ["-A", name]);
  const { stdout } = await run("nix-build", [images, ...wanted, ...SPARING, ...options], {
    cwd: repository,
    env: nixEnvironment,
    maxBuffer,
  });
  const paths = stdout.trim().split("\n");
  return Object.fromEntries(names.map((name, index) => [name, paths[index]])) as Record<
    Name,
    string
  >;
}

/** Evaluates an attribute of dockertools/images.nix to a plain value. */
export async function evaluateImages<Value>(attribute: string): Promise<Value> {
  const options = ["--eval", "--strict", "--json"];
  return JSON.parse(await runNix("nix-instantiate", ...options, images, "-A", attribute)) as Value;
}

/**
 * Standard error of evaluating or building an attribute.
 *
 * @param below what the program runs below, such as strace with its options
 */
export async function complaintOf(
  attribute: string,
  program: "nix-instantiate" | "nix-build",
  below: readonly string[] = [],
): Promise<string> {
  try {
    const options = program === "nix-build" ? ["--no-out-link"] : [];
    const [first, ...rest] = [...below, program, images, "-A", attribute, ...options];
    const { stderr } = await run(first!, rest, {
      cwd: repository,
      env: nixEnvironment,
    });
    return stderr;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

/** A Docker engine as people use it with dockerTools' results. */
export class DockerUser {
  readonly #engine: TestDockerd;

  constructor(engine: TestDockerd) {
    this.#engine = engine;
  }

  /**
   * Loads an archive, or what a program writes; the loaded names.
   *
   * @param way `archive`, `stream` for a program, `zstd` for an archive that engines before 23.0 do
   *   not know
   */
  async load(file: string, way: "archive" | "stream" | "zstd" = "archive"): Promise<string[]> {
    const read = { archive: 'cat "$0"', stream: '"$0"', zstd: 'zstd -dc "$0"' }[way];
    const script = `set -o pipefail; ${read} | docker load`;
    const { stdout } = await run("bash", ["-c", script, file], {
      env: this.#engine.env,
      maxBuffer,
    });
    return [...stdout.matchAll(/^Loaded image: (.*)$/gm)].map((match) => match[1]!);
  }

  /** Runs a command in a container without network. */
  run(image: string, ...command: string[]): Promise<string> {
    return this.#engine.docker("run", "--rm", "--network=none", image, ...command);
  }

  /** The same with options of `docker run` before the image. */
  runWith(options: readonly string[], image: string, ...command: string[]): Promise<string> {
    return this.#engine.docker("run", "--rm", ...options, image, ...command);
  }

  /**
   * Runs an image's server and asks it for a page.
   *
   * @param meanwhile is given the container while it runs
   */
  async ask(
    image: string,
    port: number,
    page: string,
    meanwhile: (container: string) => Promise<void> = async () => undefined,
  ): Promise<string> {
    const publish = `127.0.0.1::${port}`;
    const container = await this.#engine.docker("run", "--rm", "-d", "-p", publish, image);
    try {
      const addresses = await this.#engine.docker("port", container, `${port}/tcp`);
      const answer = await fetchPatiently(`http://${addresses.split("\n")[0]}${page}`);
      await meanwhile(container);
      return answer;
    } finally {
      await this.#engine.docker("rm", "--force", container);
    }
  }

  async inspect(image: string): Promise<InspectedImage> {
    const text = await this.#engine.docker("image", "inspect", image);
    return (JSON.parse(text) as InspectedImage[])[0]!;
  }
}

/** A server takes a moment to start. */
async function fetchPatiently(url: string): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (attempt === 200) throw error;
      await delay(100);
    }
  }
}

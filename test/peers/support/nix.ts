import { execFile, spawnSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

/** The repository's root. */
export const repository = path.join(import.meta.dirname, "../../..");

/**
 * Environment in which any Nix command works with flakes and without the internet: packages are made
 * from this machine's files (test/nixpkgs), which no sandbox would let them see.
 */
export const nixEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  NIX_CONFIG: [
    "experimental-features = nix-command flakes",
    "substitute = false",
    "sandbox = false",
    "warn-dirty = false",
    // Debian's Nix, run as root, has no build users.
    ...(process.getuid?.() === 0 ? ["build-users-group ="] : []),
    process.env["NIX_CONFIG"] ?? "",
  ].join("\n"),
};

/** Makes the repository's flake use the packages of test/nixpkgs. */
export const flakeOptions: readonly string[] = [
  "--override-input",
  "nixpkgs",
  `path:${path.join(repository, "test/nixpkgs")}`,
  "--no-write-lock-file",
];

const run = promisify(execFile);
const maxBuffer = 1 << 30;

/**
 * Why Nix cannot be used here, or undefined if it can: for `describe.skipIf(...)`.
 * In CI (`CI=true`) a missing Nix is an error instead.
 */
export function nixAbsent(): string | undefined {
  const missing = ["nix", "patchelf", "dpkg-query", "python3"].filter(
    (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined,
  );
  if (missing.length === 0) return undefined;
  const reason = `not installed: ${missing.join(", ")}`;
  if (process.env["CI"] === "true")
    throw new Error(`tests with Nix must run in CI, but: ${reason}`);
  console.warn(`tests with Nix are skipped: ${reason}`);
  return reason;
}

/** Runs a Nix command in the repository; its standard output, trimmed. Throws with its standard error. */
export async function runNix(
  program: "nix" | "nix-build" | "nix-instantiate" | "nix-store",
  ...args: readonly string[]
): Promise<string> {
  const { stdout } = await run(program, args, { cwd: repository, env: nixEnvironment, maxBuffer });
  return stdout.trim();
}

const images = path.join(import.meta.dirname, "images.nix");

/** Builds an attribute of images.nix as nix-build does; its store path. */
export async function buildImage(
  attribute: string,
  options: readonly string[] = [],
  environment: NodeJS.ProcessEnv = {},
): Promise<string> {
  const { stdout } = await run(
    "nix-build",
    [images, "-A", attribute, "--no-out-link", ...options],
    { cwd: repository, env: { ...nixEnvironment, ...environment }, maxBuffer },
  );
  return stdout.trim();
}

/** No links, and as many builds at a time as there are processors. */
const SPARING = ["--no-out-link", "--max-jobs", "auto"];

/** Builds several attributes of a file of this folder at once; their store paths, in order. */
export async function buildAttributes(
  file: string,
  attributes: readonly string[],
  options: readonly string[] = [],
): Promise<string[]> {
  const from = path.join(import.meta.dirname, file);
  const wanted = attributes.flatMap((attribute) => ["-A", attribute]);
  const built = await runNix("nix-build", from, ...wanted, ...SPARING, ...options);
  return built.split("\n");
}

/** Evaluates an attribute of images.nix to a plain value. */
export async function evaluateImage<Value>(attribute: string, file = images): Promise<Value> {
  const json = await runNix(
    "nix-instantiate",
    "--eval",
    "--strict",
    "--json",
    path.resolve(import.meta.dirname, file),
    "-A",
    attribute,
  );
  return JSON.parse(json) as Value;
}

/** The standard error of a Nix command that must fail. */
export async function nixFailure(command: Promise<unknown>): Promise<string> {
  try {
    await command;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
  throw new Error("the Nix command must fail, but did not");
}

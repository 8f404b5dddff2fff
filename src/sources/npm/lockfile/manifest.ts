import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, messageOf, systemCodeOf, VarveError } from "../../../errors.ts";

/** The parts of a `package.json` that matter here; everything else stays as it is. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly type?: string;
  readonly bin?: string | Readonly<Record<string, string>>;
  readonly directories?: { readonly bin?: string };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
  readonly volta?: Readonly<Record<string, string>>;
  readonly packageManager?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly bundleDependencies?: readonly string[] | boolean;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly resolutions?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[] | { readonly packages?: readonly string[] };
  readonly files?: readonly string[];
  readonly gypfile?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/**
 * The `package.json` of a folder; undefined when there is none.
 *
 * @throws VarveError `NPM_MANIFEST` when it cannot be read or is no object
 */
export function readManifest(folder: string): Manifest | undefined {
  const file = path.join(folder, "package.json");
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new VarveError("NPM_MANIFEST", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
  return parseManifest(text, file);
}

/** @throws VarveError `NPM_MANIFEST`, naming the file */
export function parseManifest(text: string, file: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new VarveError("NPM_MANIFEST", `${file} is no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new VarveError("NPM_MANIFEST", `${file} holds no object`);
  }
  return value;
}

/**
 * A package's commands: name → file within the package. As npm reads `bin`, without the scope
 * where it is a string, and never leading out of the package.
 */
export function commandsOf({ name, bin }: Pick<Manifest, "name" | "bin">): Record<string, string> {
  if (bin === undefined || bin === null) return {};
  const named = typeof bin === "string" ? { [name ?? ""]: bin } : bin;
  const commands: Record<string, string> = {};
  for (const [command, file] of Object.entries(named)) {
    const base = path.posix.basename(command);
    if (typeof file !== "string" || base === "" || base.startsWith(".")) continue;
    // Joined to the root first, so that `..` cannot climb out of the package.
    const within = path.posix.join("/", file).slice(1).replace(/\/$/, "");
    if (within !== "") commands[base] = within;
  }
  return commands;
}

import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../../errors.ts";
import { byteStringOf } from "../../../tar/byte-string.ts";
import { PatternList } from "../../files/pattern.ts";
import { scanFolder } from "./scan.ts";
import type { FolderScan } from "./scan.ts";

/** Never part of an image: installed apart, kept by version control, or secret. */
const NEVER = [
  "node_modules/",
  ".git",
  ".hg/",
  ".svn/",
  ".DS_Store",
  ".npmrc",
  ".env",
  ".env*.local",
];

/** Left out unless a `.dockerignore` decides: for developing, testing and building. */
const BY_DEFAULT = [
  ".*ignore",
  ".gitattributes",
  ".editorconfig",
  ".github/",
  ".gitlab*",
  ".vscode/",
  ".idea/",
  ".husky/",
  ".cache/",
  ".nyc_output/",
  ".turbo/",
  ".next/cache/",
  ".yarn/",
  ".pnp.*",
  ".pnpm-store/",
  ".yarnrc*",
  ".prettierrc*",
  ".eslintrc*",
  ".eslintcache",
  ".oxlintrc*",
  "*.log",
  "*.tsbuildinfo",
  "/coverage/",
  "/test/",
  "/tests/",
  "__tests__/",
  "/Dockerfile*",
  "/docker-compose*",
  "/compose.y*ml",
  "/varve.config.*",
  "/varve.lock",
  "/package-lock.json",
  "/npm-shrinkwrap.json",
  "/pnpm-lock.yaml",
  "/pnpm-workspace.yaml",
  "/yarn.lock",
];

export interface OwnFilesOptions {
  /** The project's root; symlinks must not lead out of it. */
  readonly root: string;
  /** Folders within that are components of their own, relative to the folder. */
  readonly without: readonly string[];
  /** Paths that go in whatever leaves them out. */
  readonly always?: readonly string[] | undefined;
}

/**
 * The project's own files in a folder that go into an image: everything but what is installed,
 * secret or for developers. A `.dockerignore` in the folder, or else in the project's root,
 * replaces the list for developers by its own.
 *
 * @throws VarveError `NPM_LINK` for a symlink that leaves the project
 */
export function ownFiles(folder: string, options: OwnFilesOptions): FolderScan {
  const { root, without, always = [] } = options;
  const never = new PatternList(NEVER);
  const ignored = dockerIgnore(folder, root) ?? defaults();
  const apart = new Set(without);
  // What is started may be a package's program; packages go in by themselves.
  const wanted = new Set(always.map((place) => path.posix.normalize(place)).filter(isOwn));
  /** Folders that are left out but for what is wanted in them. */
  const opened = new Set<string>();
  const scan = scanFolder(folder, (place, isFolder) => {
    if (apart.has(place)) return true;
    const isLeftOut =
      opened.has(path.posix.dirname(place)) ||
      never.verdict(byteStringOf(place), isFolder) === "matched" ||
      ignored(place, isFolder);
    if (!isLeftOut) return false;
    if (!isFolder) return !wanted.has(place);
    if (![...wanted].some((one) => one.startsWith(`${place}/`))) return true;
    opened.add(place);
    return false;
  });
  for (const file of scan.files) {
    if (file.link !== undefined) refuseEscape(folder, file.path, file.link, root);
  }
  return scan;
}

function isOwn(place: string): boolean {
  return !place.split("/").includes("node_modules");
}

type Ignored = (place: string, isFolder: boolean) => boolean;

function defaults(): Ignored {
  const patterns = new PatternList(BY_DEFAULT);
  return (place, isFolder) => patterns.verdict(byteStringOf(place), isFolder) === "matched";
}

/**
 * Docker's patterns start at the top, a folder's go for all below it, and what is taken back may
 * lie in a folder that is left out (Docker's documentation, ".dockerignore files").
 */
function dockerIgnore(folder: string, root: string): Ignored | undefined {
  const own = [folder, root].find((place) => fs.existsSync(path.join(place, ".dockerignore")));
  if (own === undefined) return undefined;
  const lines = fs.readFileSync(path.join(own, ".dockerignore"), "utf8").split(/\r?\n/);
  const patterns: string[] = [];
  for (const line of lines) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    const mark = text.startsWith("!") ? "!" : "";
    const bare = path.posix.normalize(`/${text.slice(mark.length)}`).replace(/\/$/, "");
    if (bare === "" || bare === "/.") continue;
    patterns.push(`${mark}${bare}`, `${mark}${bare}/**`);
  }
  const list = new PatternList(patterns);
  const takesBack = patterns.some((pattern) => pattern.startsWith("!"));
  const prefix = path.relative(own, folder).split(path.sep).join("/");
  return (place, isFolder) => {
    if (isFolder && takesBack) return false;
    const full = prefix === "" ? place : `${prefix}/${place}`;
    return list.verdict(byteStringOf(full), isFolder) === "matched";
  };
}

function refuseEscape(folder: string, place: string, link: string, root: string): void {
  const target = path.resolve(path.dirname(path.join(folder, place)), link);
  const isInside = target === root || target.startsWith(root + path.sep);
  if (!path.isAbsolute(link) && isInside) return;
  throw new VarveError(
    "NPM_LINK",
    `${path.join(folder, place)} is a symlink to ${link}, outside of the project`,
    {
      hint: "put the file itself there, link relatively within the project, or leave it out (.dockerignore)",
    },
  );
}

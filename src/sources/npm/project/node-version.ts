import * as fs from "node:fs";
import path from "node:path";
import { VarveError } from "../../../errors.ts";
import type { Manifest } from "../lockfile/manifest.ts";

/** Which Node versions a project wants, and where it says so. */
export interface NodeRange {
  /** In npm's syntax: `>=24.11`, `22.x`, `*`. */
  readonly range: string;
  /** File, and field if any: `package.json (engines.node)`; undefined when it says nothing. */
  readonly from: string | undefined;
}

/** Names of the long-term lines (Node.js, "Release schedule"). */
const CODE_NAMES: Readonly<Record<string, number>> = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
};

/**
 * The Node version that a project asks for: the narrowest statement first, the application's
 * folder before the root.
 *
 * @throws VarveError `NPM_NODE_VERSION` for a version that is none
 */
export async function nodeRangeOf(
  folders: readonly string[],
  manifests: readonly Manifest[],
): Promise<NodeRange> {
  const statements = [...fromFiles(folders), ...fromManifests(manifests)];
  const [first] = statements;
  if (first === undefined) return { range: "*", from: undefined };
  const range = rangeOf(first.text);
  if (range !== undefined && (await isRange(range))) return { range, from: first.from };
  throw new VarveError("NPM_NODE_VERSION", `${first.from}: "${first.text}" is no Node version`, {
    hint: 'write a version or a range: "24", ">=22.18"',
  });
}

/** Ranges as nearly all are written: `24`, `^22.18 || >=24.1`, `>= 20`. */
const NUMBER = String.raw`(?:0|[1-9]\d{0,3})`;
const VERSION = String.raw`(?:[<>]=?|[~^=])?\s*${NUMBER}(?:(?:\.${NUMBER}){0,2}|(?:\.${NUMBER})?\.x)`;
const USUAL_RANGE = new RegExp(String.raw`^${VERSION}(?:(?:\s*\|\|\s*|\s+)${VERSION})*$`);

/** Without npm's library, which takes a while to load, where that is possible. */
async function isRange(text: string): Promise<boolean> {
  if (USUAL_RANGE.test(text)) return true;
  const { default: semver } = await import("semver");
  return semver.validRange(text) !== null;
}

interface Statement {
  readonly text: string;
  readonly from: string;
}

function fromFiles(folders: readonly string[]): Statement[] {
  const files = folders.flatMap((folder) =>
    [".nvmrc", ".node-version"].map((name) => path.join(folder, name)),
  );
  return files.flatMap((file) => {
    if (!fs.existsSync(file)) return [];
    const lines = fs.readFileSync(file, "utf8").split(/\r?\n/);
    const text = lines.map((line) => line.replace(/#.*/, "").trim()).find((line) => line !== "");
    return text === undefined ? [] : [{ text, from: file }];
  });
}

function fromManifests(manifests: readonly Manifest[]): Statement[] {
  return manifests.flatMap(({ volta, engines }) => {
    const found: Statement[] = [];
    if (volta?.["node"] !== undefined) {
      found.push({ text: volta["node"], from: "package.json (volta.node)" });
    }
    if (engines?.["node"] !== undefined) {
      found.push({ text: engines["node"], from: "package.json (engines.node)" });
    }
    return found;
  });
}

/** nvm's words (`node`, `lts/*`, `lts/jod`) as ranges. */
function rangeOf(text: string): string | undefined {
  const name = text.toLowerCase();
  if (["node", "stable", "current", "latest", "lts", "lts/*"].includes(name)) return "*";
  const line = /^lts\/(\w+)$/.exec(name);
  if (line !== null) {
    const major = CODE_NAMES[line[1]!];
    return major === undefined ? undefined : `${major}.x`;
  }
  return text.replace(/^v(?=\d)/, "");
}

/**
 * The version to take: the newest of the newest long-term line (even numbers) that fits, or the
 * newest that fits.
 */
export async function chooseVersion(
  range: string,
  versions: readonly string[],
): Promise<string | undefined> {
  const { default: semver } = await import("semver");
  const fitting = versions.filter((version) => semver.satisfies(version, range));
  const longTerm = fitting.filter((version) => semver.major(version) % 2 === 0);
  return semver.rsort(longTerm.length > 0 ? longTerm : fitting)[0];
}

/** Whether a Node version runs TypeScript files as they are (Node.js, "Modules: TypeScript"). */
export async function runsTypeScript(version: string): Promise<boolean> {
  const { default: semver } = await import("semver");
  return semver.satisfies(version, "^22.18 || >=23.6");
}

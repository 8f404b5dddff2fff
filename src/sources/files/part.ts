import { createHash, hash } from "node:crypto";
import path from "node:path";
import { VarveError } from "../../errors.ts";
import type { Attributes, GeneratedEntry, Tree, TreeRules } from "../../packing/layer-spec.ts";
import { RuledTree } from "../../packing/tree-rules.ts";
import { byteStringOf, displayText } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import type { Owner } from "../../tar/entry.ts";
import { attributesOf, invalid, labelOf, ownerOf, placeOf } from "./declaration.ts";
import type { CopiedFiles, FilesDeclaration } from "./declaration.ts";
import { locate } from "./locate.ts";
import { PatternList } from "./pattern.ts";
import { scan } from "./scan.ts";
import type { ScannedEntry } from "./scan.ts";
import { StatCache } from "./stat-cache.ts";
import { checkSymlink } from "./symlinks.ts";

/** What lies at one path of the image, in so far as two declarations can differ about it. */
export interface Laid {
  readonly type: ScannedEntry["type"];
  readonly attributes: Attributes;
  /** SHA-256 of a file's content, a symlink's target. */
  readonly content: ByteString;
}

/** What one declaration puts into the image. */
export interface Part {
  readonly label: string;
  /** Where it begins in the image. */
  readonly at: ByteString;
  readonly trees: readonly Tree[];
  readonly entries: readonly GeneratedEntry[];
  /** Everything, by absolute path. */
  readonly laid: ReadonlyMap<ByteString, Laid>;
  /** Bytes of content. */
  readonly size: number;
  /** SRI hash of all that is laid. */
  readonly contentHash: string;
}

export interface PartOptions {
  /** The folder that `from` is relative to. */
  readonly project: string;
  readonly cacheFolder: string | undefined;
}

/** @throws VarveError `FILES_…`, naming the declaration */
export function partOf(declaration: FilesDeclaration, index: number, options: PartOptions): Part {
  const label = labelOf(declaration, index);
  if ("from" in declaration) return copiedPart(declaration, label, options);
  const at = placeOf(declaration.to, label);
  if (at === "")
    throw invalid(`${label}: the root of an image is a folder already`, "another `to`");
  return generatedPart(label, generatedEntry(declaration, at, label));
}

function generatedEntry(
  declaration: Exclude<FilesDeclaration, CopiedFiles>,
  at: ByteString,
  label: string,
): GeneratedEntry {
  const attributes = attributesOf(declaration, label);
  if ("symlink" in declaration) {
    const target = byteStringOf(declaration.symlink);
    if (target === "") throw invalid(`${label}: a symlink needs a target`, "say where it points");
    checkSymlink(at, target, label, "any");
    return { ...attributes, at, type: "symlink", target };
  }
  if ("directory" in declaration) return { ...attributes, at, type: "directory" };
  return { ...attributes, at, type: "file", content: byteStringOf(declaration.content) };
}

function generatedPart(label: string, entry: GeneratedEntry): Part {
  const { at, type, mode, owner, xattrs } = entry;
  const size = entry.type === "file" ? entry.content.length : 0;
  const content =
    entry.type === "file"
      ? hash("sha256", Buffer.from(entry.content, "latin1"), "hex")
      : entry.type === "symlink"
        ? entry.target
        : "";
  const usual = { file: 0o644, directory: 0o755, symlink: 0o777 }[type];
  const laid = new Map([
    [at, { type, attributes: { mode: mode ?? usual, owner, xattrs }, content }],
  ]);
  return { label, at, trees: [], entries: [entry], laid, size, contentHash: hashOf(laid) };
}

function copiedPart(declaration: CopiedFiles, label: string, options: PartOptions): Part {
  const { include, exclude, symlinks = "relative" } = declaration;
  const place = locate(options.project, declaration.from, label);
  const from = byteStringOf(place);
  const cache = new StatCache(options.cacheFolder, JSON.stringify([place, include, exclude]));
  const entries = scan(from, { include, exclude }, cache);
  cache.save();
  const isFolder = entries[0]?.type === "directory";
  if (isFolder && entries.length === 1 && include !== undefined) {
    throw new VarveError("FILES_EMPTY", `${label}: nothing in ${place} matches \`include\``, {
      hint: "build it first, or correct the patterns",
    });
  }
  const into =
    declaration.to.endsWith("/") && !isFolder
      ? `${declaration.to}${path.basename(place)}`
      : declaration.to;
  const at = placeOf(into, label);
  if (at === "" && !isFolder) throw invalid(`${label}: a file cannot be the root`, "another `to`");
  const rules = rulesOf(declaration, entries, label);
  const ruled = new RuledTree({ at, from, rules });
  const laid = new Map<ByteString, Laid>();
  let size = 0;
  for (const entry of entries) {
    const below = entry.path === "" ? at : `${at}/${entry.path}`;
    if (entry.type === "symlink") {
      const name = displayText(`${from}/${entry.path}`);
      checkSymlink(below, entry.content, name, symlinks);
    }
    const attributes = ruled.attributesOf(entry.path, entry.type, entry.diskMode);
    laid.set(below, { type: entry.type, attributes, content: entry.content });
    size += entry.size;
  }
  const contentHash = hashOf(laid);
  const tree: Tree = { at, from, rules, hash: contentHash };
  return { label, at, trees: [tree], entries: [], laid, size, contentHash };
}

function rulesOf(
  declaration: CopiedFiles,
  entries: readonly ScannedEntry[],
  label: string,
): TreeRules {
  const { modes = "normalised", owner, attributes = [], mode, capabilities } = declaration;
  const overrides = new Map<ByteString, Attributes>();
  if (mode !== undefined || capabilities !== undefined) {
    if (capabilities !== undefined && entries[0]?.type !== "file") {
      throw invalid(`${label}: only files have capabilities`, "`attributes` gives them by pattern");
    }
    overrides.set("", attributesOf({ mode, capabilities }, label));
  }
  for (const { match, ...declared } of attributes) {
    const own = attributesOf(declared, label);
    const list = new PatternList([match]);
    let isUsed = false;
    for (const { path: entry, type } of entries) {
      if (entry === "" || (type === "directory") !== match.endsWith("/")) continue;
      if (list.verdict(entry, type === "directory") !== "matched") continue;
      isUsed = true;
      overrides.set(entry, { ...overrides.get(entry), ...own });
    }
    if (!isUsed) {
      throw new VarveError(
        "FILES_UNMATCHED",
        `${label}: the attributes for ${JSON.stringify(match)} match nothing`,
        { hint: "a pattern for folders ends in /, any other is for files" },
      );
    }
  }
  const files = entries.filter(({ type }) => type === "file");
  return {
    modes,
    only: entries.map((entry) => entry.path).filter((entry) => entry !== ""),
    ...(owner === undefined ? {} : { owner: ownerOf(owner, label) }),
    overrides: Object.fromEntries(overrides),
    stamps: Object.fromEntries(files.map((file) => [file.path, file.ctimeMs])),
  };
}

/** How two that are laid at one path are compared. */
export function signatureOf({ type, attributes, content }: Laid): string {
  const { mode, owner, xattrs = {} } = attributes;
  const names = Object.keys(xattrs).toSorted();
  return JSON.stringify([
    type,
    mode,
    ownerOrder(owner),
    names,
    names.map((name) => xattrs[name]),
    content,
  ]);
}

function ownerOrder(owner: Owner | undefined): unknown {
  return owner === undefined ? null : [owner.uid, owner.gid, owner.uname, owner.gname];
}

function hashOf(laid: ReadonlyMap<ByteString, Laid>): string {
  const sum = createHash("sha256");
  for (const [at, what] of laid) sum.update(`${JSON.stringify(at)}${signatureOf(what)}\n`);
  return `sha256-${sum.digest("base64")}`;
}

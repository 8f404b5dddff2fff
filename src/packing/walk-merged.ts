import * as fs from "node:fs";
import { VarveError } from "../errors.ts";
import { displayText, sortedNames } from "../tar/byte-string.ts";
import type { ByteString } from "../tar/byte-string.ts";
import type { Owner, TarCommon, TarEntry, Xattrs } from "../tar/entry.ts";
import type { GeneratedEntry, LayerSpec } from "./layer-spec.ts";
import { placesOf } from "./place-tree.ts";
import type { Place } from "./place-tree.ts";
import {
  attempt,
  diskPath,
  refuseAbsent,
  refuseKind,
  refuseTouched,
  refuseVanished,
  refuseWhiteout,
} from "./read-disk.ts";
import { sameContent } from "./same-content.ts";
import { pathBelow } from "./tree-rules.ts";
import type { RuledTree } from "./tree-rules.ts";
import { LATIN1, PARENT_MODE, SYMLINK_MODE } from "./visit-entry.ts";
import type { EntryContent, VisitEntry } from "./visit-entry.ts";

const FILE_MODE = 0o644;

/** A piece of a tree on disk that lies at the place being visited. */
interface Piece {
  readonly tree: RuledTree;
  /** Within the tree. */
  readonly path: ByteString;
  /** On disk. */
  readonly name: ByteString;
}

/** What one tree or generated entry wants at a place. */
interface Claim {
  readonly entry: TarEntry;
  readonly content: EntryContent;
  /** Who claims it; undefined for a generated entry. */
  readonly piece: Piece | undefined;
}

/**
 * Visits a merged layer: every folder once and before what it holds, names in one folder by the
 * order of all layers (`sortedNames`), wherever they come from. Folders that only lead somewhere
 * have mode 0755 and the layer's owner. The root itself is no entry.
 *
 * @throws VarveError `PACK_CONFLICT` when two want different things at one path
 */
export function walkMerged(spec: LayerSpec, visit: VisitEntry): void {
  for (const { from } of spec.trees) refuseAbsent(diskPath(from));
  new MergedWalk(spec.common, visit).visitPlace("", placesOf(spec), []);
}

class MergedWalk {
  readonly #common: TarCommon;
  readonly #visit: VisitEntry;

  constructor(common: TarCommon, visit: VisitEntry) {
    this.#common = common;
    this.#visit = visit;
  }

  visitPlace(at: ByteString, place: Place | undefined, lying: readonly Piece[]): void {
    if (place === undefined && lying.length === 1) {
      this.#visitPiece(at, lying[0]!);
      return;
    }
    const pieces = [...lying, ...(place?.trees ?? []).map(pieceOf)];
    const claims = [
      ...pieces.map((piece) => claimOf(at, piece)),
      ...(place?.entries ?? []).map(generatedClaim),
    ];
    const claim = this.#agreed(at, claims, place);
    if (at !== "") this.#visit(claim.entry, claim.content);
    if (claim.entry.type !== "directory") return;
    const children = new Map<ByteString, Piece[]>();
    for (const name of place?.children.keys() ?? []) children.set(name, []);
    for (const piece of pieces) {
      for (const name of childrenOf(piece)) {
        const below = { tree: piece.tree, ...placeBelow(piece, name) };
        const others = children.get(name);
        if (others === undefined) children.set(name, [below]);
        else others.push(below);
      }
    }
    for (const name of sortedNames([...children.keys()])) {
      this.visitPlace(`${at}/${name}`, place?.children.get(name), children.get(name)!);
    }
  }

  /** The common case: nothing else lies here or below. */
  #visitPiece(at: ByteString, piece: Piece): void {
    const { entry, content } = claimOf(at, piece);
    this.#visit(entry, content);
    if (entry.type !== "directory") return;
    for (const name of sortedNames(childrenOf(piece))) {
      this.#visitPiece(`${at}/${name}`, { tree: piece.tree, ...placeBelow(piece, name) });
    }
  }

  #agreed(at: ByteString, claims: readonly Claim[], place: Place | undefined): Claim {
    const [first, ...others] = claims;
    if (first === undefined) return parentClaim(at);
    for (const other of others) {
      const difference = this.#difference(first, other);
      // The root is no entry, so nobody's wish for it counts.
      if (difference === undefined || (at === "" && bothFolders(first, other))) continue;
      throw conflict(at, first, other, difference);
    }
    if (place !== undefined && place.children.size > 0 && first.entry.type !== "directory") {
      throw underFile(at, first, sortedNames([...place.children.keys()])[0]!);
    }
    return first;
  }

  #difference(one: Claim, other: Claim): string | undefined {
    const [a, b] = [one.entry, other.entry];
    if (a.type !== b.type) return `a ${a.type} and a ${b.type}`;
    if (a.link !== b.link) return `symlinks to ${displayText(a.link)} and ${displayText(b.link)}`;
    if (a.mode !== b.mode) return `modes ${octal(a.mode)} and ${octal(b.mode)}`;
    const [owner, otherOwner] = [this.#ownerText(a.owner), this.#ownerText(b.owner)];
    if (owner !== otherOwner) return `owners ${owner} and ${otherOwner}`;
    if (xattrsText(a.xattrs) !== xattrsText(b.xattrs)) return "different extended attributes";
    if (a.type !== "file") return undefined;
    return sameContent(a.size, one.content, b.size, other.content)
      ? undefined
      : "different content";
  }

  #ownerText(owner: Owner = this.#common): string {
    return `${owner.uid}:${owner.gid} (${owner.uname}:${owner.gname})`;
  }
}

function pieceOf(tree: RuledTree): Piece {
  return { tree, path: "", name: tree.tree.from };
}

function placeBelow(piece: Piece, child: ByteString): { path: ByteString; name: ByteString } {
  return { path: pathBelow(piece.path, child), name: `${piece.name}/${child}` };
}

function childrenOf({ tree, path, name }: Piece): readonly ByteString[] {
  const from = diskPath(name);
  const children = tree.childrenOf(path, () =>
    attempt(from, () => fs.readdirSync(from.path, LATIN1)),
  );
  for (const child of children) refuseWhiteout(child, `${name}/${child}`);
  return children;
}

function claimOf(at: ByteString, piece: Piece): Claim {
  const from = diskPath(piece.name);
  const stats = attempt(from, () => fs.lstatSync(from.path));
  if (!stats.isDirectory() && piece.tree.leadsOn(piece.path)) refuseVanished(piece.name);
  const attributes = (type: TarEntry["type"]): Pick<TarEntry, "type" | "mode"> => ({
    type,
    ...piece.tree.attributesOf(piece.path, type, stats.mode),
  });
  if (stats.isFile()) {
    const stamp = piece.tree.stampOf(piece.path);
    if (stamp !== undefined && stamp !== stats.ctimeMs) refuseTouched(piece.name);
    const entry = { name: at, ...attributes("file"), size: stats.size, link: "" };
    return { entry, content: stamp === undefined ? from : { ...from, stamp }, piece };
  }
  if (stats.isDirectory()) {
    const entry = { name: `${at}/`, ...attributes("directory"), size: 0, link: "" };
    return { entry, content: undefined, piece };
  }
  if (!stats.isSymbolicLink()) refuseKind(piece.name, stats);
  const link = attempt(from, () => fs.readlinkSync(from.path, LATIN1));
  const entry = { name: at, ...attributes("symlink"), size: 0, link };
  return { entry, content: undefined, piece };
}

function generatedClaim(generated: GeneratedEntry): Claim {
  const { at, type, mode, owner, xattrs } = generated;
  const common = { type, owner, xattrs } as const;
  switch (generated.type) {
    case "directory": {
      const entry = { ...common, name: `${at}/`, mode: mode ?? PARENT_MODE, size: 0, link: "" };
      return { entry, content: undefined, piece: undefined };
    }
    case "file": {
      const content = Buffer.from(generated.content, "latin1");
      const size = content.length;
      const entry = { ...common, name: at, mode: mode ?? FILE_MODE, size, link: "" };
      return { entry, content, piece: undefined };
    }
    case "symlink": {
      const link = generated.target;
      const entry = { ...common, name: at, mode: SYMLINK_MODE, size: 0, link };
      return { entry, content: undefined, piece: undefined };
    }
  }
}

function parentClaim(at: ByteString): Claim {
  const entry = {
    name: `${at}/`,
    type: "directory",
    mode: PARENT_MODE,
    size: 0,
    link: "",
  } as const;
  return { entry, content: undefined, piece: undefined };
}

function bothFolders(one: Claim, other: Claim): boolean {
  return one.entry.type === "directory" && other.entry.type === "directory";
}

function conflict(at: ByteString, one: Claim, other: Claim, difference: string): VarveError {
  return new VarveError(
    "PACK_CONFLICT",
    `${displayText(at) || "/"} is placed twice, by ${claimant(one)} and by ${claimant(other)}: ${difference}`,
    { hint: "leave it out of one of them, or make them the same" },
  );
}

function underFile(at: ByteString, claim: Claim, child: ByteString): VarveError {
  return new VarveError(
    "PACK_CONFLICT",
    `${displayText(at) || "/"} is a ${claim.entry.type} by ${claimant(claim)}, but ${displayText(`${at}/${child}`)} shall be below it`,
    { hint: "place one of them elsewhere" },
  );
}

function claimant({ piece }: Claim): string {
  return piece === undefined ? "a generated entry" : displayText(piece.name);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function xattrsText(xattrs: Xattrs = {}): string {
  return JSON.stringify(Object.entries(xattrs).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

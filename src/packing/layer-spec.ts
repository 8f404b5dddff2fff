import type { ByteString } from "../tar/byte-string.ts";
import type { Owner, TarCommon, Xattrs } from "../tar/entry.ts";

/** What is declared of an entry, beside its content. */
export interface Attributes {
  /** Permission bits, 0…0o7777; symlinks have none. */
  readonly mode?: number | undefined;
  readonly owner?: Owner | undefined;
  /** Extended attributes (`security.capability`), byte strings. */
  readonly xattrs?: Xattrs | undefined;
}

/** What is declared of all entries that a regular expression finds. */
export interface PatternAttributes extends Attributes {
  /**
   * JavaScript's, without flags; looked for in the entry's place in the image, and in its path as
   * {@link TreeRules.calledPath} gives it.
   */
  readonly regex: string;
}

/**
 * How a tree on disk becomes entries. All paths in it are relative to the tree, without a leading
 * `/`; the tree itself is `""`.
 */
export interface TreeRules {
  /**
   * `normalised`: folders 0755, files 0644, or 0755 where anybody may execute them, so that neither
   * umask nor setuid bits of this machine count. [`as-is`]
   */
  readonly modes?: "as-is" | "normalised";
  /** With normalised modes: files that are executable whatever the disk says. */
  readonly executables?: readonly ByteString[];
  /**
   * Exactly these entries, and the folders that lead to them. A folder on the list goes in without
   * what it holds, unless that is on the list, too. What is missing on disk is an error.
   */
  readonly only?: readonly ByteString[];
  /** Left out with all that is below them. */
  readonly without?: {
    /** By their place in the tree. */
    readonly paths?: readonly ByteString[];
    /** By their own name, anywhere: `.git`. */
    readonly names?: readonly ByteString[];
  };
  /** Owner of all entries of the tree. [the layer's] */
  readonly owner?: Owner;
  /** For single entries, by path; these go before everything else. */
  readonly overrides?: Readonly<Record<ByteString, Attributes>>;
  /** For many entries; of several that fit, the later goes before the earlier. */
  readonly patterns?: readonly PatternAttributes[];
  /** What patterns take the tree to be called, where that is not its place in the image. */
  readonly calledPath?: ByteString;
  /**
   * For files whose content was hashed beforehand: when they were changed last (`ctime`, in
   * milliseconds since 1970 with fractions). Packing fails when that is no longer so, since the
   * content key would promise other bytes. Not part of what the layer is.
   */
  readonly stamps?: Readonly<Record<ByteString, number>>;
}

/** A file, symlink or folder on disk that goes into a layer. */
export interface Tree {
  /** Absolute path in the image, without a trailing `/`; the image's root is `""`. */
  readonly at: ByteString;
  /** Where it is on disk. */
  readonly from: ByteString;
  /** Whole and as it is, when absent. */
  readonly rules?: TreeRules;
  /**
   * Hash of what the tree holds as the rules see it, by its source's own measure: for the content
   * key. Without it the content key's caller must know one for the place.
   */
  readonly hash?: string | undefined;
}

/** An entry that is nowhere on disk. */
export type GeneratedEntry = Attributes & {
  /** Absolute path in the image, without a trailing `/`. */
  readonly at: ByteString;
} & (
    | { readonly type: "directory" }
    /** One character per byte. */
    | { readonly type: "file"; readonly content: ByteString }
    | { readonly type: "symlink"; readonly target: ByteString }
  );

/**
 * Everything that decides the bytes of a layer's tar, as plain data that crosses to a worker.
 * The same spec over the same content always gives the same bytes.
 *
 * A spec of whole trees is written tree after tree. As soon as a tree has rules or there are
 * generated entries, the layer is *merged*: all trees and entries in one order, their folders
 * merged, the folders that lead to them made where nobody places them.
 */
export interface LayerSpec {
  /** Directories that lead to the trees, outermost first: always mode 0755. */
  readonly parents: readonly ByteString[];
  /** In the order in which they are written, unless merged. */
  readonly trees: readonly Tree[];
  /** Generated entries: their order does not count. */
  readonly entries?: readonly GeneratedEntry[];
  /** Owner and date of every entry that has no owner of its own. */
  readonly common: TarCommon;
}

/** Whether trees and entries are laid into one another rather than written one after the other. */
export function isMerged({ trees, entries }: LayerSpec): boolean {
  return entries !== undefined || trees.some(({ rules }) => rules !== undefined);
}

/** A layer's identity and length, known once its bytes have been made. */
export interface LayerDigest {
  /** `sha256:<hex>` of the uncompressed tar. */
  readonly diffId: string;
  /** Length of the uncompressed tar in bytes. */
  readonly size: number;
}

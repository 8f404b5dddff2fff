import { VarveError } from "../../errors.ts";
import type { Attributes } from "../../packing/layer-spec.ts";
import { byteStringOf } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import type { Owner } from "../../tar/entry.ts";
import { CAPABILITY_XATTR, capabilityAttribute } from "./capabilities.ts";

/** An owner whose names may be missing. */
interface DeclaredOwner extends Pick<Owner, "uid" | "gid"> {
  readonly uname?: string | undefined;
  readonly gname?: string | undefined;
}

/** Mode, owner and capabilities as people write them. */
export interface DeclaredAttributes {
  /** Octal digits, as text: `"0755"`, `"4755"`, `"1777"`. */
  readonly mode?: string | undefined;
  /** `"1000:1000"`, or with names. */
  readonly owner?: string | DeclaredOwner | undefined;
  /** As setcap(8) takes them: `"cap_net_bind_service=+ep"`. */
  readonly capabilities?: string | undefined;
}

/**
 * A folder or file of the project that goes into the image. `mode` and `capabilities` are those of
 * the file, or of the folder itself; `owner` is everything's.
 */
export interface CopiedFiles extends DeclaredAttributes {
  /** Relative to the project; it may not lead out of it. */
  readonly from: string;
  /** Absolute path in the image; a file goes into it when it ends in `/`. */
  readonly to: string;
  /** Patterns as in `.gitignore`: only what matches goes in, with all that is below it. [all] */
  readonly include?: readonly string[] | undefined;
  /**
   * Patterns as in `.gitignore`: what matches stays out. `.git`, `node_modules` and `.DS_Store`
   * stay out unless taken back: `"!node_modules"`.
   */
  readonly exclude?: readonly string[] | undefined;
  /** Whether folders become 0755 and files 0644 or 0755, or stay as they are. [normalised] */
  readonly modes?: "normalised" | "as-is" | undefined;
  /**
   * What single entries get, by pattern; later ones add to earlier ones. A pattern that ends in
   * `/` is for folders, any other for all else. One that matches nothing is an error.
   */
  readonly attributes?: ReadonlyArray<DeclaredAttributes & { readonly match: string }> | undefined;
  /**
   * Whether symlinks in the folder may be absolute. They are kept as they are either way, but an
   * absolute one usually means a place on this machine. [relative]
   */
  readonly symlinks?: "relative" | "any" | undefined;
}

/** A file that is only declared. */
interface GeneratedFile extends DeclaredAttributes {
  readonly to: string;
  readonly content: string;
}

interface DeclaredSymlink {
  readonly to: string;
  /** Where it points, absolute or relative to its own folder. */
  readonly symlink: string;
  readonly owner?: DeclaredAttributes["owner"];
}

/** A folder that is only declared, for data or with another mode. */
interface DeclaredFolder extends DeclaredAttributes {
  readonly to: string;
  readonly directory: true;
}

export type FilesDeclaration = CopiedFiles | GeneratedFile | DeclaredSymlink | DeclaredFolder;

/** A declaration as errors name it: `files[0] (dist → /app)`. */
export function labelOf(declaration: FilesDeclaration, index: number): string {
  const { to } = declaration;
  return `files[${index}] (${"from" in declaration ? `${declaration.from} → ${to}` : to})`;
}

/**
 * What a layer says of an entry for what was declared.
 *
 * @throws VarveError `FILES_INVALID`
 */
export function attributesOf(declared: DeclaredAttributes, label: string): Attributes {
  const { mode, owner, capabilities } = declared;
  return {
    ...(mode === undefined ? {} : { mode: modeOf(mode, label) }),
    ...(owner === undefined ? {} : { owner: ownerOf(owner, label) }),
    ...(capabilities === undefined
      ? {}
      : { xattrs: { [CAPABILITY_XATTR]: capabilityAttribute(capabilities) } }),
  };
}

function modeOf(mode: string, label: string): number {
  if (/^0?[0-7]{3,4}$/.test(mode)) return Number.parseInt(mode, 8);
  throw invalid(`${label}: ${JSON.stringify(mode)} is no mode`, 'octal digits, such as "0755"');
}

/** @throws VarveError `FILES_INVALID` */
export function ownerOf(owner: NonNullable<DeclaredAttributes["owner"]>, label: string): Owner {
  const { uid, gid, uname, gname } = typeof owner === "string" ? splitOwner(owner, label) : owner;
  for (const id of [uid, gid]) {
    if (!Number.isSafeInteger(id) || id < 0 || id >= 2 ** 32 - 1) {
      throw invalid(`${label}: ${id} is no number of a user or group`, "numbers from 0 on");
    }
  }
  return { uid, gid, uname: uname ?? nameOf(uid), gname: gname ?? nameOf(gid) };
}

function splitOwner(owner: string, label: string): DeclaredOwner {
  const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(owner);
  if (match !== null) return { uid: Number(match[1]), gid: Number(match[2] ?? match[1]) };
  throw invalid(
    `${label}: ${JSON.stringify(owner)} is no owner`,
    'user and group as numbers, "1000:1000", since names depend on what else is in the image',
  );
}

/** A number alone: whoever unpacks must not look a name up. */
function nameOf(id: number): string {
  return id === 0 ? "root" : "";
}

/**
 * The place in the image that `to` means.
 *
 * @returns without a trailing `/`; the root is empty
 * @throws VarveError `FILES_INVALID`
 */
export function placeOf(to: string, label: string): ByteString {
  const names = to.split("/").filter((name) => name !== "" && name !== ".");
  if (!to.startsWith("/") || names.includes("..") || to.includes("\0")) {
    throw invalid(`${label}: ${JSON.stringify(to)} is no place in an image`, 'such as "/app"');
  }
  return names.map((name) => `/${byteStringOf(name)}`).join("");
}

export function invalid(message: string, hint: string): VarveError {
  return new VarveError("FILES_INVALID", message, { hint });
}

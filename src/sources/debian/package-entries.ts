import { VarveError } from "../../errors.ts";
import type { StreamedEntry } from "../../packing/streamed-layer.ts";
import { displayText } from "../../tar/byte-string.ts";
import type { ByteString } from "../../tar/byte-string.ts";
import type { Owner, TarEntryType } from "../../tar/entry.ts";
import type { TarMember } from "../../tar/reader.ts";
import type { StreamedMember } from "../../tar/stream-reader.ts";
import type { DebFile } from "./deb-file.ts";
import type { ImageLayout } from "./image-layout.ts";
import { isLeftOut } from "./image-paths.ts";
import { onlyParagraph, requiredField } from "./deb822.ts";

const TYPES: Readonly<Record<string, TarEntryType>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
  "7": "file",
};
const STATUS_FOLDER = "/var/lib/dpkg/status.d";
const ROOT: Owner = { uid: 0, gid: 0, uname: "root", gname: "root" };

/** How packages become entries. */
export interface PackageRules {
  /** Whether manuals, documentation and translations go into the image. */
  readonly documentation: boolean;
  readonly layout: ImageLayout;
}

/**
 * What a package puts into an image: its files at their places, as if it had been installed on a
 * system with merged `/usr` or on the image's base, and its record in `/var/lib/dpkg/status.d`, where scanners look
 * (as in distroless images). Parents may be missing, and directories come again.
 *
 * Hard links stay hard links: they are part of the archive, the same on every machine, and their
 * content has gone by when they come.
 *
 * @param what names the package in errors
 * @throws VarveError `DEB_DAMAGED`, `DEB_UNSUPPORTED`
 */
export async function* packageEntries(
  deb: DebFile,
  rules: PackageRules,
  what: string,
): AsyncGenerator<StreamedEntry, void, undefined> {
  const control = await deb.control();
  for await (const streamed of deb.data()) {
    const entry = entryFor(streamed, rules, what);
    if (entry !== undefined) yield entry;
  }
  const text = control.get("control") ?? "";
  const name = requiredField(onlyParagraph(text, `${what}, control`), "Package", what);
  yield generatedFile(`${STATUS_FOLDER}/${name}`, text);
  const sums = control.get("md5sums");
  if (sums !== undefined) yield generatedFile(`${STATUS_FOLDER}/${name}.md5sums`, sums);
}

/** A file with content that is at hand. */
export function generatedFile(name: ByteString, content: ByteString, mode = 0o644): StreamedEntry {
  const bytes = Buffer.from(content, "latin1");
  return {
    entry: { name, type: "file", mode, size: bytes.length, link: "", owner: ROOT },
    content: async function* once() {
      yield bytes;
    },
  };
}

function entryFor(
  { member, content }: StreamedMember,
  rules: PackageRules,
  what: string,
): StreamedEntry | undefined {
  const type = TYPES[member.typeFlag];
  const path = cleanPath(member.name, what);
  if (path === "" || (!rules.documentation && isLeftOut(path, type === "symlink")))
    return undefined;
  if (type === undefined) {
    throw unsupported(what, path, "is neither file, folder nor link; images hold no others");
  }
  if (/(?:^|\/)\.wh\./.test(path)) {
    throw unsupported(what, path, 'begins with ".wh.", which means a deletion in an image layer');
  }
  const at = rules.layout.place(path, type === "directory");
  if (at === undefined) return undefined;
  const link = linkFor(type, member, at, rules.layout, what);
  if (link === undefined) return undefined;
  return {
    entry: {
      name: type === "directory" ? `/${at}/` : `/${at}`,
      type,
      mode: type === "symlink" ? 0o777 : member.mode,
      size: member.size,
      link,
      owner: member.owner,
      ...(member.xattrs === undefined ? {} : { xattrs: member.xattrs }),
    },
    content,
  };
}

/** Undefined for a symlink that would point to itself after the merge of `/usr`. */
function linkFor(
  type: TarEntryType,
  member: TarMember,
  at: ByteString,
  layout: ImageLayout,
  what: string,
): ByteString | undefined {
  if (type === "hardlink") return `/${layout.place(cleanPath(member.link, what), false) ?? ""}`;
  if (type !== "symlink") return "";
  const { link } = member;
  const target = link.startsWith("/")
    ? layout.place(cleanPath(link, what, false), false)
    : undefined;
  return target === at ? undefined : link;
}

/** `./usr/bin/` → `usr/bin`. */
function cleanPath(name: ByteString, what: string, isStrict = true): ByteString {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (isStrict && parts.includes("..")) {
    throw unsupported(what, name, "leaves the image");
  }
  return parts.join("/");
}

function unsupported(what: string, path: ByteString, why: string): VarveError {
  return new VarveError("DEB_UNSUPPORTED", `${what}: ${displayText(path)} ${why}`, {
    hint: "leave the package out",
  });
}

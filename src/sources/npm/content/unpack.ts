import * as fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { messageOf, VarveError } from "../../../errors.ts";
import { displayText } from "../../../tar/byte-string.ts";
import { readMembers } from "../../../tar/reader.ts";
import { commandsOf, parseManifest } from "../lockfile/manifest.ts";

const gunzip = promisify(zlib.gunzip);
const REGULAR = new Set(["0", "7"]);
const ANYBODY_EXECUTES = 0o111;

/** A file of a published package. */
export interface PublishedFile {
  /** Within the package. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly content: Buffer;
}

/**
 * The files of a published tarball as npm puts them on disk: without the first folder of their
 * names, without links and empty folders; commands with Unix line ends in their first line.
 *
 * @param what names the package in errors
 * @throws VarveError `NPM_TARBALL`
 */
export async function readTarball(tarball: Buffer, what: string): Promise<PublishedFile[]> {
  const tar = await decompress(tarball, what);
  const files = new Map<string, PublishedFile>();
  try {
    for (const member of readMembers((offset, length) => tar.subarray(offset, offset + length))) {
      if (!REGULAR.has(member.typeFlag)) continue;
      const place = placeOf(displayText(member.name), what);
      if (place === "") continue;
      const content = tar.subarray(member.offset, member.offset + member.size);
      if (content.length < member.size) throw damaged(what, "it ends in the middle of a file");
      const isExecutable = (member.mode & ANYBODY_EXECUTES) !== 0;
      files.set(place, { path: place, isExecutable, content });
    }
  } catch (error) {
    if (error instanceof VarveError && error.code === "NPM_TARBALL") throw error;
    throw damaged(what, messageOf(error), error);
  }
  for (const file of commandFiles(files, what)) {
    const content = withUnixFirstLine(file.content);
    files.set(file.path, { ...file, isExecutable: true, content });
  }
  return [...files.values()];
}

async function decompress(tarball: Buffer, what: string): Promise<Buffer> {
  const isGzip = tarball[0] === 0x1f && tarball[1] === 0x8b;
  if (!isGzip) return tarball;
  try {
    return await gunzip(tarball);
  } catch (error) {
    throw damaged(what, messageOf(error), error);
  }
}

function placeOf(name: string, what: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw damaged(what, `${name} leads out of it`);
  return parts.slice(1).join("/");
}

function commandFiles(files: ReadonlyMap<string, PublishedFile>, what: string): PublishedFile[] {
  const text = files.get("package.json")?.content.toString("utf8");
  if (text === undefined) return [];
  const commands = Object.values(commandsOf(parseManifest(text, `package.json of ${what}`)));
  return commands.flatMap((file) => files.get(file) ?? []);
}

/** Carriage returns after `#!…` keep a kernel from finding the interpreter; npm removes them, too. */
function withUnixFirstLine(content: Buffer): Buffer {
  if (content[0] !== 0x23 || content[1] !== 0x21) return content;
  const end = content.indexOf("\n");
  if (end < 1 || content[end - 1] !== 0x0d) return content;
  return Buffer.concat([content.subarray(0, end - 1), content.subarray(end)]);
}

/** Puts a package's files into a folder that is not there yet. */
export function writeFiles(folder: string, files: readonly PublishedFile[]): void {
  const made = new Set<string>();
  for (const { path: place, isExecutable, content } of files) {
    const full = path.join(folder, place);
    const parent = path.dirname(full);
    if (!made.has(parent)) {
      fs.mkdirSync(parent, { recursive: true });
      made.add(parent);
    }
    fs.writeFileSync(full, content, { mode: isExecutable ? 0o755 : 0o644 });
  }
}

function damaged(what: string, why: string, cause?: unknown): VarveError {
  return new VarveError("NPM_TARBALL", `the tarball of ${what} is damaged: ${why}`, {
    cause,
    hint: "npm cache verify removes what is damaged in npm's cache; then run again",
  });
}

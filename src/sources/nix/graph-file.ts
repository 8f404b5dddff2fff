import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, VarveError } from "../../errors.ts";
import { parseGraphJson } from "./graph-json.ts";
import { parseGraphText } from "./graph-text.ts";
import { parseJson } from "./json-value.ts";
import type { PathInfo } from "./path-info.ts";

const STANDARD_INPUT = 0;

/**
 * Reads a graph of store paths from a file, whatever form it has: any JSON that `parseGraphJson`
 * takes, `exportReferencesGraph`'s plain text, a closureInfo's `registration` or its folder.
 *
 * @param argument a file; `FILE#KEY` for a key of structured attributes; `-` for standard input
 * @throws VarveError `GRAPH_UNREADABLE`, `GRAPH_INVALID`, `STORE_PATH_INVALID`
 */
export function readGraph(argument: string): PathInfo[] {
  const { file, key } = withKey(argument);
  const where = file === "-" ? "standard input" : file;
  const text = readText(file, where);
  const beginning = /\S/.exec(text)?.[0];
  if (beginning === undefined) throw new VarveError("GRAPH_INVALID", `${where} is empty`);
  if (beginning === "/") return parseGraphText(text, where);
  return parseGraphJson(parseJson(text, where), where, key);
}

function withKey(argument: string): { file: string; key?: string } {
  const hash = argument.lastIndexOf("#");
  if (hash <= 0 || fs.existsSync(argument)) return { file: argument };
  return { file: argument.slice(0, hash), key: argument.slice(hash + 1) };
}

function readText(file: string, where: string): string {
  try {
    if (file === "-") return fs.readFileSync(STANDARD_INPUT, "utf8");
    const isFolder = fs.statSync(file).isDirectory();
    return fs.readFileSync(isFolder ? path.join(file, "registration") : file, "utf8");
  } catch (error) {
    throw new VarveError("GRAPH_UNREADABLE", `${where} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
      hint: "expected a file with a graph of store paths, or a closureInfo folder",
    });
  }
}

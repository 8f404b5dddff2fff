import * as fs from "node:fs";
import path from "node:path";
import { Closure } from "../../closure/closure.ts";
import type { ComponentInput } from "../../closure/closure.ts";
import { messageOf, VarveError } from "../../errors.ts";
import { parsePathInfo } from "./path-info.ts";
import { parseRegistration } from "./registration.ts";

const STANDARD_INPUT = 0;
const DEFAULT_STORE_DIR = "/nix/store";

/**
 * Reads a closure from a file: `exportReferencesGraph` JSON (alone, or among a build's structured
 * attributes), `nix path-info --json -r`, a `registration`, or a `closureInfo` folder that holds
 * one. `-` is standard input.
 *
 * @throws VarveError `GRAPH_UNREADABLE`, `GRAPH_INVALID`, and those of `Closure.of`
 */
export function readReferenceGraph(file: string): Closure {
  return Closure.of(parseReferenceGraph(readText(file), file));
}

/** @param where what it came from, for errors */
export function parseReferenceGraph(text: string, where: string): ComponentInput[] {
  const begin = text.trimStart()[0];
  if (begin !== "[" && begin !== "{") return parseRegistration(text, where);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new VarveError("GRAPH_INVALID", `${where} is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return parsePathInfo(embeddedGraph(json) ?? json, where, DEFAULT_STORE_DIR);
}

/** Structured attributes hold the graph under the name that the derivation chose. */
function embeddedGraph(json: unknown): unknown {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  if (!("exportReferencesGraph" in json) && !("outputs" in json)) return undefined;
  const graphs = Object.values(json).filter(
    (value) => Array.isArray(value) && value.length > 0 && value.every(isGraphEntry),
  );
  return graphs.length === 1 ? graphs[0] : undefined;
}

function isGraphEntry(value: unknown): boolean {
  return typeof value === "object" && value !== null && "path" in value && "references" in value;
}

function readText(file: string): string {
  try {
    if (file === "-") return fs.readFileSync(STANDARD_INPUT, "utf8");
    const isFolder = fs.statSync(file).isDirectory();
    return fs.readFileSync(isFolder ? path.join(file, "registration") : file, "utf8");
  } catch (error) {
    throw new VarveError("GRAPH_UNREADABLE", `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
      hint: "give the JSON of exportReferencesGraph, or the registration of closureInfo",
    });
  }
}

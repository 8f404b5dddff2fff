import { messageOf, VarveError } from "../../errors.ts";
import { isObject } from "./json-value.ts";
import type { JsonFields } from "./json-value.ts";
import { sriOf } from "./nar-hash.ts";
import { invalidStorePath } from "./path-info.ts";
import type { PathInfo } from "./path-info.ts";
import { DEFAULT_STORE_DIR } from "./store-path.ts";

/**
 * Store paths from any JSON that Nix writes about them (reference: nix-store-and-binary-cache,
 * sections 2 and 3): `nix path-info --json` as an array (up to 2.18), as an object keyed by path
 * (from 2.19) or with `storeDir` and base names (from 2.33), the array of `exportReferencesGraph`,
 * and structured attributes that hold such an array under a key.
 *
 * @param where what the value was read from, for errors
 * @param key the structured attribute to take; needed only where several are graphs
 * @throws VarveError `GRAPH_INVALID`; `STORE_PATH_INVALID` for a path that the JSON says is not valid
 */
export function parseGraphJson(value: unknown, where: string, key?: string): PathInfo[] {
  if (Array.isArray(value)) return value.map((entry, index) => ofEntry(entry, where, index));
  if (!isObject(value)) throw notAGraph(where);
  if (key !== undefined) return parseGraphJson(value[key], `${where}#${key}`);
  const { info, storeDir = DEFAULT_STORE_DIR } = value;
  if (isObject(info) && typeof storeDir === "string") return ofKeyed(info, where, storeDir);
  const paths = Object.entries(value).filter(([name]) => name.startsWith("/"));
  if (paths.length > 0 || Object.keys(value).length === 0) {
    return ofKeyed(Object.fromEntries(paths), where, DEFAULT_STORE_DIR);
  }
  const graphs = Object.keys(value).filter((name) => isGraph(value[name]));
  if (graphs.length > 1) {
    throw new VarveError("GRAPH_INVALID", `${where} holds ${graphs.length} graphs`, {
      hint: `say which one: ${graphs.map((name) => `${where}#${name}`).join(" or ")}`,
    });
  }
  if (graphs[0] === undefined) throw notAGraph(where);
  return parseGraphJson(value[graphs[0]], `${where}#${graphs[0]}`);
}

function isGraph(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((entry) => isObject(entry) && typeof entry["path"] === "string")
  );
}

function ofKeyed(entries: JsonFields, where: string, storeDir: string): PathInfo[] {
  return Object.entries(entries).map(([name, entry]) => {
    const path = absolute(name, storeDir);
    if (entry === null) throw invalidStorePath(path);
    if (!isObject(entry)) throw invalid(where, path, "is not described by an object");
    return ofFields(path, entry, where, storeDir);
  });
}

function ofEntry(entry: unknown, where: string, index: number): PathInfo {
  if (!isObject(entry) || typeof entry["path"] !== "string") {
    throw invalid(where, `entry ${index}`, "has no path");
  }
  return ofFields(entry["path"], entry, where, undefined);
}

/** @param storeDir what base names are completed with, in the forms that have them */
function ofFields(
  path: string,
  fields: JsonFields,
  where: string,
  storeDir: string | undefined,
): PathInfo {
  if (fields["valid"] === false) throw invalidStorePath(path);
  const { references, narSize, narHash } = fields;
  if (!Array.isArray(references) || !references.every((item) => typeof item === "string")) {
    throw invalid(where, path, "has no list of references");
  }
  if (!(narSize === undefined || isSize(narSize))) {
    throw invalid(where, path, `has a narSize that is not a size: ${JSON.stringify(narSize)}`);
  }
  return {
    path,
    references: references.map((reference) => absolute(reference, storeDir)),
    ...(narSize === undefined ? {} : { narSize }),
    ...(narHash === undefined ? {} : { narHash: hashOf(narHash, path, where) }),
  };
}

function hashOf(narHash: unknown, path: string, where: string): string {
  try {
    return sriOf(narHash);
  } catch (error) {
    throw invalid(where, path, `has a narHash that cannot be used: ${messageOf(error)}`);
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Versions from 2.33 write base names. */
function absolute(name: string, storeDir: string | undefined): string {
  return storeDir === undefined || name.startsWith("/") ? name : `${storeDir}/${name}`;
}

function invalid(where: string, what: string, flaw: string): VarveError {
  return new VarveError("GRAPH_INVALID", `${where}: ${what} ${flaw}`);
}

function notAGraph(where: string): VarveError {
  return new VarveError("GRAPH_INVALID", `${where} holds no graph of store paths`, {
    hint: "expected the JSON of nix path-info --json -r, or of exportReferencesGraph",
  });
}

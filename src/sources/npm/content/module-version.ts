import { dynamicNames } from "./elf.ts";

/** `NODE_MODULE_VERSION` of Node's releases (nodejs.org, "abi_version_registry.json"). */
const MODULE_VERSIONS: Readonly<Record<string, number>> = {
  "12": 72,
  "14": 83,
  "16": 93,
  "18": 108,
  "19": 111,
  "20": 115,
  "21": 120,
  "22": 127,
  "23": 131,
  "24": 137,
  "25": 141,
  "26": 147,
};

/** What native modules for a version of Node are made for; undefined for one that is not known. */
export function moduleVersionOf(node: string): number | undefined {
  return MODULE_VERSIONS[node.split(".")[0]!];
}

/** The version of Node, in words: `Node 24 (NODE_MODULE_VERSION 137)`. */
export function describeModuleVersion(version: number): string {
  const major = Object.keys(MODULE_VERSIONS).find((node) => MODULE_VERSIONS[node] === version);
  const node = major === undefined ? "another Node" : `Node ${major}`;
  return `${node} (NODE_MODULE_VERSION ${version})`;
}

/**
 * The `NODE_MODULE_VERSION` that a native module was made for, as the function says by which Node
 * finds it (Node's documentation, "C++ addons"). Undefined for a module of Node-API, which runs
 * with every Node, and where it cannot be told.
 */
export function moduleVersionIn(file: string): number | undefined {
  const names = dynamicNames(file)?.toString("latin1") ?? "";
  const match = /\0node_register_module_v(\d+)\0/.exec(names);
  return match === null ? undefined : Number(match[1]);
}

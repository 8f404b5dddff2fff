import * as v from "valibot";
import type { ComponentInput } from "../../closure/closure.ts";
import { messageOf, VarveError } from "../../errors.ts";
import { sriOf } from "./hash.ts";

/** An algorithm and digits, as store-object-info v2 writes a hash. */
const structuredHash = v.object({
  algorithm: v.string(),
  format: v.optional(v.string()),
  hash: v.string(),
});

const infoSchema = v.object({
  path: v.optional(v.string()),
  valid: v.optional(v.boolean(), true),
  references: v.optional(v.array(v.string()), []),
  narHash: v.optional(v.union([v.string(), structuredHash])),
  narSize: v.optional(v.number(), 0),
});
type Info = v.InferOutput<typeof infoSchema>;

const byPath = v.record(v.string(), v.nullable(infoSchema));
const shapes = v.union([
  v.array(infoSchema),
  v.object({ version: v.number(), storeDir: v.optional(v.string()), info: byPath }),
  byPath,
]);

/**
 * Understands what `nix path-info --json` prints, in its three shapes, and the arrays of
 * `exportReferencesGraph` (reference: nix-store-and-binary-cache, sections 2 and 3).
 *
 * @param where what it came from, for errors
 * @throws VarveError `GRAPH_INVALID`, or `STORE_PATH_INVALID` for a path that is not in the store
 */
export function parsePathInfo(json: unknown, where: string, storeDir: string): ComponentInput[] {
  const result = v.safeParse(shapes, json);
  if (!result.success) {
    const issue = result.issues[0];
    throw new VarveError(
      "GRAPH_INVALID",
      `${where} is not a reference graph${placeOf(issue)}: ${issue.message}`,
      { hint: "expected what exportReferencesGraph or nix path-info --json -r write" },
    );
  }
  const { output } = result;
  if (Array.isArray(output)) {
    return output.map((info) => componentOf(info.path, info, where, storeDir));
  }
  const { storeDir: ownStoreDir, infos } = keyed(output);
  return Object.entries(infos).map(([path, info]) =>
    componentOf(path, info, where, ownStoreDir ?? storeDir),
  );
}

function keyed(output: object): { storeDir?: string; infos: v.InferOutput<typeof byPath> } {
  if ("version" in output && typeof output.version === "number" && "info" in output) {
    const storeDir = "storeDir" in output ? { storeDir: String(output.storeDir) } : {};
    return { ...storeDir, infos: output.info as v.InferOutput<typeof byPath> };
  }
  return { infos: output as v.InferOutput<typeof byPath> };
}

function componentOf(
  path: string | undefined,
  info: Info | null,
  where: string,
  storeDir: string,
): ComponentInput {
  if (path === undefined) {
    throw new VarveError("GRAPH_INVALID", `${where} has an entry without a path`);
  }
  const full = (name: string): string => (name.startsWith("/") ? name : `${storeDir}/${name}`);
  if (info === null || !info.valid) {
    throw new VarveError("STORE_PATH_INVALID", `${full(path)} is not in the store`, {
      hint: "build it first, or give --store-root when it lies in another store",
    });
  }
  const { narHash } = info;
  return {
    id: full(path),
    references: info.references.map(full),
    size: info.narSize,
    contentHash: narHash === undefined ? undefined : hashOf(narHash, full(path)),
  };
}

function hashOf(hash: NonNullable<Info["narHash"]>, path: string): string {
  try {
    return sriOf(typeof hash === "string" ? hash : hash.hash);
  } catch (error) {
    throw new VarveError("GRAPH_INVALID", `${path}: ${messageOf(error)}`, { cause: error });
  }
}

function placeOf(issue: v.BaseIssue<unknown>): string {
  const place = v.getDotPath(issue);
  return place === null ? "" : `, at ${place}`;
}

import { parse, TomlError } from "smol-toml";
import * as v from "valibot";
import { messageOf } from "../../errors.ts";
import { settingError } from "./setting.ts";
import type { MirrorSetting, RegistrySetting } from "./setting.ts";

/** `host[:port][/path]`, neither a URL nor with a tag; IPv6 in brackets. */
const LOCATION = /^(?:\[[\da-fA-F:]+\]|[^\s/:]+)(?::\d+)?(?:\/[^\s/]+)*\/?$/;
const STRANGE = "it is no host, or host and path";

const locationSchema = v.pipe(
  v.string(),
  v.regex(LOCATION, STRANGE),
  v.transform((location) => location.replace(/\/$/, "")),
);

const mirrorSchema = v.object({
  location: locationSchema,
  insecure: v.optional(v.boolean(), false),
  "pull-from-mirror": v.optional(v.picklist(["all", "digest-only", "tag-only"])),
});

const registrySchema = v.object({
  prefix: v.optional(v.string(), ""),
  location: v.optional(
    v.pipe(
      v.string(),
      v.check((location) => location === "" || LOCATION.test(location), STRANGE),
      v.transform((location) => location.replace(/\/$/, "")),
    ),
    "",
  ),
  insecure: v.optional(v.boolean(), false),
  blocked: v.optional(v.boolean(), false),
  "mirror-by-digest-only": v.optional(v.boolean(), false),
  mirror: v.optional(v.array(mirrorSchema), []),
});

const confSchema = v.object({ registry: v.optional(v.array(registrySchema), []) });

/**
 * Reads `registries.conf` of the second format (containers-registries.conf(5)). Short names
 * (`unqualified-search-registries`, `aliases`) are left out: a name without a registry is Docker
 * Hub's, on every machine.
 *
 * @throws VarveError `REGISTRY_SETTINGS` that names file and line
 */
export function parseRegistriesConf(text: string, file: string): RegistrySetting[] {
  const lines = text.split("\n");
  let content: Record<string, unknown>;
  try {
    content = parse(text);
  } catch (error) {
    const line = error instanceof TomlError ? error.line : undefined;
    throw settingError(file, line, `no valid TOML: ${firstLine(messageOf(error))}`);
  }
  if ("registries" in content) {
    const line = lineOf(lines, 0, /^\s*\[registries\b/);
    throw settingError(file, line, "this format, from before [[registry]], is no longer read");
  }
  const read = v.safeParse(confSchema, content);
  if (!read.success) {
    const [issue] = read.issues;
    const path = (issue.path ?? []).map(({ key }) => key as string | number);
    const setting = path.findLast((key) => typeof key === "string");
    throw settingError(file, lineOfPath(lines, path), `${setting}: ${issue.message}`);
  }
  return read.output.registry.map((registry, index): RegistrySetting => {
    const line = lineOfPath(lines, ["registry", index]);
    const prefix = registry.prefix === "" ? registry.location : registry.prefix;
    if (prefix === "") throw settingError(file, line, "neither prefix nor location is given");
    if (prefix.includes("*") && !/^\*\.[^*]+$/.test(prefix)) {
      throw settingError(file, line, `prefix: "${prefix}" has * elsewhere than in *.example.com`);
    }
    const byDigest = registry["mirror-by-digest-only"];
    return {
      prefix: prefix.replace(/\/$/, ""),
      location: registry.location === "" ? undefined : registry.location,
      insecure: registry.insecure,
      blocked: registry.blocked,
      mirrors: registry.mirror.map(
        ({ location, insecure, "pull-from-mirror": pull }): MirrorSetting => ({
          location,
          insecure,
          plainHttp: false,
          pull: byDigest ? "digest-only" : (pull ?? "all"),
        }),
      ),
      from: line === undefined ? file : `${file}:${line}`,
    };
  });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!.replace(/^Invalid TOML document: /, "");
}

/** The line of a setting, as far as it can be told: the parser does not say. */
function lineOfPath(
  lines: readonly string[],
  path: ReadonlyArray<string | number>,
): number | undefined {
  let from = 0;
  let found: number | undefined;
  const tables: string[] = [];
  for (const [depth, key] of path.entries()) {
    if (typeof key === "number") continue;
    const index = path[depth + 1];
    tables.push(key);
    const pattern =
      typeof index === "number"
        ? new RegExp(`^\\s*\\[\\[\\s*${tables.join("\\s*\\.\\s*")}\\s*\\]\\]`)
        : new RegExp(`^\\s*"?${key}"?\\s*=`);
    for (let times = typeof index === "number" ? index + 1 : 1; times > 0; times -= 1) {
      const line = lineOf(lines, from, pattern);
      if (line === undefined) return found;
      found = line;
      from = line;
    }
  }
  return found;
}

/** Counted from 1, as editors do. */
function lineOf(lines: readonly string[], from: number, pattern: RegExp): number | undefined {
  const index = lines.findIndex((line, at) => at >= from && pattern.test(line));
  return index === -1 ? undefined : index + 1;
}

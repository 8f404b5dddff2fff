import * as fs from "node:fs";
import { fileReasonOf, UsageError, VarveError } from "../../errors.ts";
import { parseReference } from "../../image/reference.ts";
import { parseIgnoreList } from "../../layering/ignore.ts";
import { recipeSchema } from "../../recipe/recipe.ts";
import type { Recipe } from "../../recipe/recipe.ts";
import { isPort, runtimeConfigSchema } from "../../recipe/runtime-config.ts";
import type { RuntimeConfigInput } from "../../recipe/runtime-config.ts";
import { checkedAgainst, parseJsonFrom } from "../../recipe/schema-error.ts";
import type { ImageFlags } from "../flags.ts";
import { splitWords } from "./split-words.ts";

/** The recipe that options describe, over one from a file: what the command line says wins. */
export function withFlags(recipe: Recipe, flags: ImageFlags): Recipe {
  const { layers, owner } = recipe;
  const reference = flags.tag?.[0] === undefined ? undefined : parseReference(flags.tag[0]);
  const merged = {
    ...recipe,
    ...defined({
      name: reference?.repository,
      tag: reference?.tag,
      base: baseOf(flags),
      created: flags.created,
      mtime: flags.mtime,
      platform: flags.platform,
    }),
    config: withConfigFlags(recipe.config, flags),
    layers: {
      ...layers,
      ...defined({
        max: flags.maxLayers,
        strategy: flags.strategy,
        pipeline: flags.pipeline === undefined ? undefined : readPipeline(flags.pipeline),
        ignore: flags.ignore === undefined ? undefined : [...readIgnoreList(flags.ignore)],
      }),
    },
    owner: {
      ...owner,
      ...defined({ uid: flags.uid, gid: flags.gid, uname: flags.uname, gname: flags.gname }),
    },
  };
  return checkedAgainst(recipeSchema, merged, "the options", "USAGE");
}

function baseOf({ from, fromImage }: ImageFlags): string | undefined {
  if (from !== undefined && fromImage !== undefined) {
    throw new UsageError("--from and --from-image both name a base", { hint: "give one of them" });
  }
  return from ?? fromImage;
}

function withConfigFlags(config: RuntimeConfigInput, flags: ImageFlags): RuntimeConfigInput {
  const given = flags.config === undefined ? {} : readConfig(flags.config);
  const base = { ...config, ...given };
  const own = (flags.env ?? []).map((text) => nameAndValue(text, "--env").join("="));
  const env = [...(base.Env ?? []), ...own];
  const ports = Object.fromEntries((flags.expose ?? []).map((port) => [withProtocol(port), {}]));
  const labels = Object.fromEntries(
    (flags.label ?? []).map((text) => nameAndValue(text, "--label")),
  );
  return {
    ...base,
    ...defined({
      Env: env.length === 0 ? undefined : env,
      Entrypoint:
        flags.entrypoint === undefined ? undefined : words(flags.entrypoint, "--entrypoint"),
      Cmd: flags.cmd === undefined ? undefined : words(flags.cmd, "--cmd"),
      User: flags.user,
      WorkingDir: flags.workdir,
      ExposedPorts: flags.expose === undefined ? undefined : { ...base.ExposedPorts, ...ports },
      Labels: flags.label === undefined ? undefined : { ...base.Labels, ...labels },
    }),
  };
}

/** `--config` takes JSON itself, or a file that holds it. */
function readConfig(text: string): RuntimeConfigInput {
  const isJson = text.trimStart().startsWith("{");
  const where = isJson ? "--config" : text;
  const code = isJson ? "USAGE" : "CONFIG_INVALID";
  const json = parseJsonFrom(isJson ? text : readFile(text, "--config"), where, code);
  return checkedAgainst(runtimeConfigSchema, json, where, code);
}

export function readPipeline(file: string): unknown[] {
  const json = parseJsonFrom(readFile(file, "--pipeline"), file, "PIPELINE_INVALID");
  if (Array.isArray(json)) return json;
  throw new VarveError("PIPELINE_INVALID", `${file} does not hold a list of steps`);
}

/** A file with a path a line, or a JSON list. */
export function readIgnoreList(file: string): Set<string> {
  const text = readFile(file, "--ignore");
  if (!text.trimStart().startsWith("[")) return parseIgnoreList(text);
  const list = stringsIn(parseJsonFrom(text, file, "IGNORE_INVALID"));
  if (list !== undefined) return new Set(list);
  throw new VarveError("IGNORE_INVALID", `${file} is not a list of store paths`);
}

function readFile(file: string, option: string): string {
  try {
    return fs.readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new UsageError(`${option}: ${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
}

function withProtocol(port: string): string {
  if (!isPort(port)) {
    throw new UsageError(`--expose "${port}" is not a port`, { hint: "write 8000, or 53/udp" });
  }
  return port.includes("/") ? port : `${port}/tcp`;
}

function nameAndValue(text: string, option: string): [string, string] {
  const equals = text.indexOf("=");
  if (equals < 1) throw new UsageError(`${option} "${text}" is not NAME=VALUE`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** A JSON list, or words as a shell splits them. */
function words(text: string, option: string): string[] {
  if (!text.trimStart().startsWith("[")) return splitWords(text, option);
  const list = stringsIn(parseJsonFrom(text, option, "USAGE"));
  if (list !== undefined) return list;
  throw new UsageError(`${option} takes words, or a JSON list of strings`);
}

function stringsIn(json: unknown): string[] | undefined {
  const isList = Array.isArray(json) && json.every((item) => typeof item === "string");
  return isList ? json : undefined;
}

/** The properties that have a value. */
function defined<Properties extends object>(
  properties: Properties,
): { [Key in keyof Properties]?: NonNullable<Properties[Key]> } {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as {
    [Key in keyof Properties]?: NonNullable<Properties[Key]>;
  };
}

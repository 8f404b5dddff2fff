import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { messageOf, systemCodeOf, UsageError, VarveError } from "../errors.ts";
import { readTlsMaterial } from "./tls-material.ts";
import type { TlsMaterial } from "./tls-material.ts";

/** The `docker` endpoint of a context, as `docker context create` stored it. */
export interface DockerContext {
  /** Address of the engine; undefined means the default engine of this machine. */
  readonly host: string | undefined;
  readonly tls: TlsMaterial | undefined;
}

const configSchema = v.object({ currentContext: v.optional(v.string(), "") });

const metaSchema = v.object({
  Name: v.string(),
  Endpoints: v.optional(
    v.object({
      docker: v.optional(
        v.object({
          Host: v.optional(v.string(), ""),
          SkipTLSVerify: v.optional(v.boolean(), false),
        }),
      ),
    }),
  ),
});

/**
 * `currentContext` of Docker's `config.json`, or undefined if nothing is chosen.
 *
 * @throws VarveError `ENGINE_CONFIG` if the file is there but cannot be read or understood
 */
export async function currentContext(configFolder: string): Promise<string | undefined> {
  const config = await readJson(join(configFolder, "config.json"), configSchema);
  return config?.currentContext === "" ? undefined : config?.currentContext;
}

/**
 * Reads a context from Docker's store: `contexts/meta/<sha256 of the name>/meta.json`, TLS files
 * under `contexts/tls/`.
 *
 * @param origin where the name was given, such as `DOCKER_CONTEXT`, for errors
 * @throws UsageError for an unknown `--context`, VarveError `ENGINE_ENDPOINT` for one named
 *   elsewhere; `ENGINE_CONFIG` and `ENGINE_TLS` if its files are damaged
 */
export async function readContext(
  configFolder: string,
  name: string,
  origin: string,
): Promise<DockerContext> {
  const id = createHash("sha256").update(name).digest("hex");
  const contexts = join(configFolder, "contexts");
  const meta = await readJson(join(contexts, "meta", id, "meta.json"), metaSchema);
  if (meta === undefined) {
    const known = ["default", ...(await contextNames(contexts))].join(", ");
    throw refusal(origin, `the Docker context "${name}" (${origin}) does not exist`, known);
  }
  const endpoint = meta.Endpoints?.docker;
  if (endpoint === undefined) {
    throw refusal(origin, `the Docker context "${name}" (${origin}) names no Docker engine`);
  }
  const tlsFolder = join(contexts, "tls", id, "docker");
  return {
    host: endpoint.Host === "" ? undefined : endpoint.Host,
    tls: (await exists(tlsFolder))
      ? await readTlsMaterial(tlsFolder, {
          verify: !endpoint.SkipTLSVerify,
          requireCa: false,
          origin: `context "${name}"`,
        })
      : undefined,
  };
}

function refusal(origin: string, message: string, known?: string): VarveError {
  const hint =
    known === undefined ? "docker context inspect shows what it holds" : `known contexts: ${known}`;
  return origin === "--context"
    ? new UsageError(message, { hint })
    : new VarveError("ENGINE_ENDPOINT", message, { hint });
}

async function contextNames(contexts: string): Promise<string[]> {
  const meta = join(contexts, "meta");
  const folders = await readdir(meta).catch(() => []);
  const read = folders.map((folder) =>
    readJson(join(meta, folder, "meta.json"), metaSchema).catch(() => undefined),
  );
  const names = (await Promise.all(read)).map((found) => found?.Name ?? "");
  return names.filter((name) => name !== "").toSorted();
}

async function exists(folder: string): Promise<boolean> {
  return readdir(folder).then(
    (names) => names.length > 0,
    (error: unknown) => systemCodeOf(error) !== "ENOENT",
  );
}

async function readJson<Schema extends v.GenericSchema>(
  file: string,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return undefined;
    throw damaged(file, messageOf(error), error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and config.json may hold credentials.
    throw damaged(file, "it is not valid JSON");
  }
  const checked = v.safeParse(schema, value);
  if (checked.success) return checked.output;
  const issue = checked.issues[0];
  throw damaged(
    file,
    `${v.getDotPath(issue) ?? "the whole"} should be ${issue.expected ?? "other"}`,
  );
}

function damaged(file: string, reason: string, cause?: unknown): VarveError {
  return new VarveError("ENGINE_CONFIG", `cannot use Docker's ${file}: ${reason}`, {
    hint: "repair the file, or say which engine to use with --host or DOCKER_HOST",
    cause,
  });
}

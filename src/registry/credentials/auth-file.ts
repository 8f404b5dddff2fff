import * as fs from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as v from "valibot";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import type { Credential } from "./credential.ts";

/** A file with credentials, Docker's or podman's: they share the form. */
export interface AuthFile {
  readonly file: string;
  readonly auths: Readonly<Record<string, AuthEntry>>;
  /** Registry → name of the program that has its credential. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The program for all other registries. */
  readonly credsStore: string | undefined;
}

const entrySchema = v.object({
  auth: v.optional(v.string()),
  username: v.optional(v.string()),
  password: v.optional(v.string()),
  identitytoken: v.optional(v.string()),
});

type AuthEntry = v.InferOutput<typeof entrySchema>;

const fileSchema = v.object({
  auths: v.optional(v.nullable(v.record(v.string(), v.nullable(entrySchema)))),
  credHelpers: v.optional(v.nullable(v.record(v.string(), v.string()))),
  credsStore: v.optional(v.nullable(v.string())),
});

/**
 * Where credentials are looked for, the first that has one wins (reference: registry-protocol,
 * section 8).
 */
export function authFilePaths(env: NodeJS.ProcessEnv): string[] {
  const home = env["HOME"] ?? homedir();
  const own = env["REGISTRY_AUTH_FILE"];
  const docker = env["DOCKER_CONFIG"];
  const runtime = env["XDG_RUNTIME_DIR"];
  const config = env["XDG_CONFIG_HOME"];
  return [
    ...given(own).map((file) => file),
    path.join(given(docker)[0] ?? path.join(home, ".docker"), "config.json"),
    ...given(runtime).map((folder) => path.join(folder, "containers/auth.json")),
    path.join(given(config)[0] ?? path.join(home, ".config"), "containers/auth.json"),
  ];
}

function given(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : [text];
}

/**
 * Reads one such file; undefined when it is not there. What is in it is never part of an error.
 *
 * @throws VarveError `CREDENTIALS_INVALID`
 */
export function readAuthFile(file: string): AuthFile | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw invalid(file, `it cannot be read: ${messageOf(error)}`);
  }
  if (text.trim() === "") return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid(file, "it is not JSON");
  }
  const parsed = v.safeParse(fileSchema, json);
  if (!parsed.success) {
    throw invalid(file, `${v.getDotPath(parsed.issues[0]) ?? "the whole"} has another form`);
  }
  const { auths, credHelpers, credsStore } = parsed.output;
  const entries = Object.entries(auths ?? {}).map(([key, entry]): [string, AuthEntry] => [
    key,
    entry ?? {},
  ]);
  return {
    file,
    auths: Object.fromEntries(entries),
    credHelpers: credHelpers ?? {},
    credsStore: credsStore ?? undefined,
  };
}

/** The credential of an entry; undefined when it has none, as beside a credential program. */
export function credentialOf(entry: AuthEntry): Credential | undefined {
  if (entry.identitytoken !== undefined && entry.identitytoken !== "") {
    return { identityToken: entry.identitytoken };
  }
  if (entry.auth !== undefined && entry.auth !== "") {
    const decoded = Buffer.from(entry.auth, "base64").toString("utf8").replaceAll("\0", "");
    const colon = decoded.indexOf(":");
    if (colon === -1) return undefined;
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  const { username, password } = entry;
  return username === undefined || password === undefined ? undefined : { username, password };
}

function invalid(file: string, why: string): VarveError {
  return new VarveError("CREDENTIALS_INVALID", `${file} is no file of credentials: ${why}`, {
    hint: "varve login, docker login or podman login writes such a file",
  });
}

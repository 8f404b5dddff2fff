import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import path from "node:path";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import { orderedJsonText, parseOrderedJson } from "../../image/ordered-json.ts";
import type { JsonObject, JsonValue } from "../../image/ordered-json.ts";
import type { Credential } from "./credential.ts";

/** Docker indents its file so. */
const INDENT = "\t";
/** Nobody but its owner reads a file with passwords. */
const MODE = 0o600;

/**
 * Sets a registry's entry in a file of credentials: an empty one, without a credential, says that
 * a program keeps it.
 */
export function setAuth(
  file: string,
  key: string,
  held: { readonly username: string; readonly credential: Credential } | undefined,
): void {
  changeAuthFile(file, (root) => {
    const auths = objectIn(file, root, "auths");
    auths.set(key, held === undefined ? new Map() : entryOf(held.username, held.credential));
    root.set("auths", auths);
    return true;
  });
}

/**
 * Removes a registry's entries from a file of credentials.
 *
 * @returns whether there were any
 */
export function removeAuth(file: string, keys: readonly string[]): boolean {
  let found = false;
  changeAuthFile(file, (root) => {
    const auths = objectIn(file, root, "auths");
    for (const key of keys) found = auths.delete(key) || found;
    return found;
  });
  return found;
}

/** As Docker writes them: `auth` is base64 of `user:password`, the password not beside a token. */
function entryOf(username: string, credential: Credential): JsonObject {
  const isToken = "identityToken" in credential;
  const pair = `${username}:${isToken ? "" : credential.password}`;
  const entry = new Map([["auth", Buffer.from(pair, "utf8").toString("base64")]]);
  if (isToken) entry.set("identitytoken", credential.identityToken);
  return entry;
}

/**
 * Changes a file of credentials: what else is in it stays, in its order. It is there whole at any
 * time, for its owner only.
 *
 * @param change returns whether it has changed anything
 * @throws VarveError `CREDENTIALS_INVALID`, `CREDENTIALS_UNWRITABLE`, without anything of its content
 */
function changeAuthFile(file: string, change: (root: JsonObject) => boolean): void {
  const target = targetOf(file);
  const root = read(file, target);
  if (!change(root)) return;
  const beside = `${target}.${randomInt(2 ** 32)}.partial`;
  try {
    fs.mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    const fd = fs.openSync(beside, "wx", MODE);
    try {
      fs.writeFileSync(fd, `${orderedJsonText(root, INDENT)}\n`);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(beside, target);
  } catch (error) {
    fs.rmSync(beside, { force: true });
    throw new VarveError(
      "CREDENTIALS_UNWRITABLE",
      `${file} cannot be written: ${messageOf(error)}`,
      {
        cause: error,
        hint: "DOCKER_CONFIG and REGISTRY_AUTH_FILE name other places",
      },
    );
  }
}

/** A link stays, and what it points to is replaced. */
function targetOf(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

function read(file: string, target: string): JsonObject {
  let text: string;
  try {
    text = fs.readFileSync(target, "utf8");
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return new Map();
    throw invalid(file, `it cannot be read: ${messageOf(error)}`);
  }
  if (text.trim() === "") return new Map();
  let root: JsonValue;
  try {
    root = parseOrderedJson(text);
  } catch {
    throw invalid(file, "it is not JSON");
  }
  if (!(root instanceof Map)) throw invalid(file, "it is no object");
  return root;
}

function objectIn(file: string, root: JsonObject, key: string): JsonObject {
  const value = root.get(key) ?? new Map();
  if (!(value instanceof Map)) throw invalid(file, `its ${key} is no object`);
  return value;
}

function invalid(file: string, why: string): VarveError {
  return new VarveError("CREDENTIALS_INVALID", `${file} is no file of credentials: ${why}`, {
    hint: "repair it, or move it away",
  });
}

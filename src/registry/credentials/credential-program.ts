import { spawn } from "node:child_process";
import * as v from "valibot";
import { messageOf, systemCodeOf, VarveError } from "../../errors.ts";
import type { Credential } from "./credential.ts";

/** What such programs print when they have nothing (docker-credential-helpers, `credentials`). */
const NOTHING = /credentials not found/i;
/** The user name that says: the secret is an identity token. */
const IDENTITY_TOKEN = "<token>";

const answerSchema = v.object({ Username: v.string(), Secret: v.string() });

/**
 * Asks `docker-credential-NAME get` for a credential (docker-credential-helpers' protocol).
 *
 * @throws VarveError `CREDENTIALS_PROGRAM`, without anything that the program printed on success
 */
export async function askCredentialProgram(
  name: string,
  serverUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<Credential | undefined> {
  const program = programOf(name);
  const ended = await run(program, "get", serverUrl, env);
  const { status, stdout, stderr } = ended;
  if (status !== 0) {
    if (NOTHING.test(stdout) || NOTHING.test(stderr)) return undefined;
    throw failed(program, complaintOf(ended));
  }
  let answer: v.InferOutput<typeof answerSchema>;
  try {
    answer = v.parse(answerSchema, JSON.parse(stdout));
  } catch {
    throw failed(program, "its answer has another form");
  }
  const { Username: username, Secret: secret } = answer;
  if (username === "" && secret === "") return undefined;
  return username === IDENTITY_TOKEN ? { identityToken: secret } : { username, password: secret };
}

/** Gives a credential to `docker-credential-NAME store`, which keeps it from then on. */
export async function giveToCredentialProgram(
  name: string,
  serverUrl: string,
  credential: Credential,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const program = programOf(name);
  const [username, secret] =
    "identityToken" in credential
      ? [IDENTITY_TOKEN, credential.identityToken]
      : [credential.username, credential.password];
  const input = JSON.stringify({ ServerURL: serverUrl, Username: username, Secret: secret });
  const ended = await run(program, "store", input, env);
  if (ended.status === 0) return;
  const complaint = complaintOf(ended).replaceAll(secret, "…");
  throw failed(program, complaint, "does not keep the credential");
}

/** Has `docker-credential-NAME erase` forget a registry; it may never have known it. */
export async function eraseFromCredentialProgram(
  name: string,
  serverUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const program = programOf(name);
  const ended = await run(program, "erase", serverUrl, env);
  const { status, stdout, stderr } = ended;
  if (status === 0 || NOTHING.test(stdout) || NOTHING.test(stderr)) return;
  throw failed(program, complaintOf(ended), "does not erase the credential");
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function programOf(name: string): string {
  return `docker-credential-${name}`;
}

function complaintOf({ status, stdout, stderr }: Ended): string {
  return stderr.trim() || stdout.trim() || `exit status ${status}`;
}

function run(
  program: string,
  verb: "get" | "store" | "erase",
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [verb], { env, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (text: Buffer) => (stdout += text.toString("utf8")));
    child.stderr.on("data", (text: Buffer) => (stderr += text.toString("utf8")));
    child.once("error", (error) => {
      const missing = systemCodeOf(error) === "ENOENT";
      reject(failed(program, missing ? "it is not installed" : messageOf(error)));
    });
    child.once("close", (status) => {
      resolve({ status, stdout, stderr });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

function failed(program: string, why: string, what = "gives no credential"): VarveError {
  return new VarveError("CREDENTIALS_PROGRAM", `${program} ${what}: ${why}`, {
    hint: "the file of credentials names this program (credHelpers, credsStore); install it, or log in again",
  });
}

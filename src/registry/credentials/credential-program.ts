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
  const program = `docker-credential-${name}`;
  const { status, stdout, stderr } = await run(program, serverUrl, env);
  if (status !== 0) {
    if (NOTHING.test(stdout) || NOTHING.test(stderr)) return undefined;
    throw failed(program, stderr.trim() || stdout.trim() || `exit status ${status}`);
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

function run(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { env, stdio: ["pipe", "pipe", "pipe"] });
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

function failed(program: string, why: string): VarveError {
  return new VarveError("CREDENTIALS_PROGRAM", `${program} gives no credential: ${why}`, {
    hint: "the file of credentials names this program (credHelpers, credsStore); install it, or log in again",
  });
}

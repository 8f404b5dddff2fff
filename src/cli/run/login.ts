import { text } from "node:stream/consumers";
import { UsageError } from "../../errors.ts";
import { usualCredentials } from "../../registry/credentials/find-credential.ts";
import { forgetCredential, keepCredential } from "../../registry/credentials/keep-credential.ts";
import type { Keeper } from "../../registry/credentials/keep-credential.ts";
import { parseRegistry } from "../../registry/host.ts";
import { logIn } from "../../registry/log-in.ts";
import { ask, askSecretly } from "../ask.ts";
import { connectionOf } from "../connection.ts";
import type { VarveContext } from "../context.ts";
import type { ConnectionFlags, DebugFlag } from "../flags.ts";

export interface LoginFlags extends ConnectionFlags, DebugFlag {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin: boolean;
}

export async function login(this: VarveContext, flags: LoginFlags, name = ""): Promise<void> {
  const registry = parseRegistry(name);
  const note = (message: string): void => {
    this.process.stderr.write(`varve: ${message}\n`);
  };
  if (flags.password !== undefined) {
    note("others on this machine can see --password, and the shell remembers it");
    note("hint: --password-stdin reads it from standard input");
  }
  const credential = await credentialFrom(flags);
  const { username } = credential;
  const { credential: kept, isChecked } = await logIn(registry, credential, connectionOf(flags));
  const keeper = await keepCredential(registry, username, kept, process.env);
  if (!isChecked) note(`${registry} lets everybody in: nothing says whether the password is right`);
  if (keeper.program === undefined) note(`it is kept, unencrypted, in ${keeper.file}`);
  this.process.stdout.write(`Logged in to ${registry} as ${username}\n`);
}

export async function logout(this: VarveContext, _flags: DebugFlag, name = ""): Promise<void> {
  const registry = parseRegistry(name);
  const { known, ...keeper } = await forgetCredential(registry, process.env);
  const still = await usualCredentials(process.env)(registry, "");
  if (still !== undefined) {
    this.process.stderr.write(
      `varve: another file of credentials still has one for ${registry}: podman's, most likely\n`,
    );
  }
  const told = known || keeper.program !== undefined;
  this.process.stdout.write(
    told ? `Logged out of ${registry}\n` : `Not logged in to ${registry}: ${shown(keeper)}\n`,
  );
}

function shown({ file }: Keeper): string {
  return `${file} has nothing for it`;
}

async function credentialFrom(flags: LoginFlags): Promise<{ username: string; password: string }> {
  const { passwordStdin } = flags;
  if (passwordStdin && flags.password !== undefined) {
    throw new UsageError("--password and --password-stdin both give a password", {
      hint: "give one of them",
    });
  }
  if (passwordStdin && flags.username === undefined) {
    throw new UsageError("--password-stdin needs a user name", { hint: "give one: -u NAME" });
  }
  const username = flags.username ?? (await ask("User name: "));
  if (username === "") throw new UsageError("there is no user name", { hint: "give one: -u NAME" });
  if (username.includes(":")) {
    throw new UsageError("a user name has no colon", {
      hint: "give the password apart: --password-stdin",
    });
  }
  const password = passwordStdin
    ? (await text(process.stdin)).replace(/\r?\n$/, "")
    : (flags.password ?? (await askSecretly("Password: ")));
  if (password === "") {
    throw new UsageError("the password is empty", { hint: "give one: --password-stdin" });
  }
  return { username, password };
}

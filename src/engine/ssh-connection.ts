import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { Duplex } from "node:stream";
import { systemCodeOf, VarveError } from "../errors.ts";
import type { SshAddress } from "./host-address.ts";

const shownErrorBytes = 2000;

/**
 * A connection to the engine of another machine: `ssh` runs `docker system dial-stdio` there,
 * which passes bytes between its standard streams and the engine's socket. `ssh` lives as long as
 * the connection; everything else (keys, jump hosts, agents) is in the user's ssh configuration.
 *
 * It has the few methods of a socket that `node:http` calls.
 */
export class SshConnection extends Duplex {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #shown: string;
  #said = "";

  constructor(address: SshAddress, shown: string) {
    super({ allowHalfOpen: true });
    this.#shown = shown;
    this.#child = spawn("ssh", sshArguments(address), { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.on("error", (error) => this.destroy(this.#failure(error)));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-shownErrorBytes);
    });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) this.#child.stdout.pause();
    });
    // "close" and not "exit": only now all that ssh wrote, the reason of a failure too, is here.
    this.#child.on("close", (code) => {
      if (code === 0) this.push(null);
      else this.destroy(this.#failure());
    });
    // The reason for a broken pipe is known when ssh has ended; see _write.
    this.#child.stdin.on("error", () => undefined);
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, (error) => {
      // A failed write stays open: the end of ssh says why, and its last output still counts.
      if (!error) done();
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  /** A connection kept for later must not keep the process alive; one in use must. */
  ref(): this {
    for (const handle of this.#handles()) handle.ref();
    return this;
  }

  unref(): this {
    for (const handle of this.#handles()) handle.unref();
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  #handles(): { ref(): unknown; unref(): unknown }[] {
    // Node.js makes the pipes of a child process as sockets, though their type does not say so.
    const { stdin, stdout, stderr } = this.#child;
    return [this.#child, ...([stdin, stdout, stderr] as unknown[] as Socket[])];
  }

  #failure(cause?: Error): VarveError {
    if (systemCodeOf(cause) === "ENOENT") {
      return new VarveError("ENGINE_SSH", `cannot reach ${this.#shown}: there is no ssh command`, {
        hint: "install OpenSSH's client",
        cause,
      });
    }
    const reason = this.#said.trim() || cause?.message || "ssh ended without saying why";
    return new VarveError("ENGINE_SSH", `cannot reach ${this.#shown}: ${reason}`, {
      hint: "try the same by hand: ssh … docker system dial-stdio (it needs Docker 18.09 or newer over there)",
      cause,
    });
  }
}

function sshArguments(address: SshAddress): string[] {
  const engine =
    address.socketPath === undefined ? [] : ["--host", quoted(`unix://${address.socketPath}`)];
  return [
    "-o",
    "ConnectTimeout=30",
    "-T",
    ...(address.user === undefined ? [] : ["-l", address.user]),
    ...(address.port === undefined ? [] : ["-p", String(address.port)]),
    "--",
    address.host,
    "docker",
    ...engine,
    "system",
    "dial-stdio",
  ];
}

/** For the shell of the other machine, to which ssh passes its arguments as one text. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

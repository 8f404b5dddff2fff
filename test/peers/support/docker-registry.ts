import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createPrivateKey, createSign, randomUUID } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A registry of the test's own: Debian's docker-registry on a free port of this machine. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** A temporary folder that goes with the registry. */
  readonly folder: string;
  /** Requests so far, as the access log has them: `HEAD /v2/… 200`. */
  requests(): string[];
  stop(): Promise<void>;
}

export interface DockerRegistryOptions {
  /** Users and their passwords, checked by the registry itself. */
  readonly users?: Readonly<Record<string, string>>;
  /** Certificate and key (PEM files). */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Where tokens come from. */
  readonly tokens?: TokenServer;
}

/** Why no registry can be started here, or undefined if one can; in CI that is an error. */
export function registryMissing(): string | undefined {
  for (const program of ["docker-registry", "skopeo", "podman"]) {
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status === 0) continue;
    if (process.env["CI"] === "true") throw new Error(`${program} is missing in CI`);
    return `${program} is missing`;
  }
  return undefined;
}

export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-registry-"));
  const settings = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: path.join(folder, "data") } },
    http: {
      addr: "127.0.0.1:0",
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    },
    ...authentication(folder, options),
  };
  const file = path.join(folder, "config.yml");
  // JSON is YAML, too.
  fs.writeFileSync(file, JSON.stringify(settings));
  const log = path.join(folder, "log");
  const output = fs.openSync(log, "w");
  const server = spawn("docker-registry", ["serve", file], { stdio: ["ignore", output, output] });
  fs.closeSync(output);
  const kill = (): boolean => server.kill("SIGKILL");
  process.on("exit", kill);
  const host = await hostFrom(log);
  const stop = async (): Promise<void> => {
    process.off("exit", kill);
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, "exit");
      server.kill("SIGTERM");
      await ended;
    }
    fs.rmSync(folder, { recursive: true, force: true });
  };
  if (host === undefined) {
    const said = fs.readFileSync(log, "utf8");
    await stop();
    throw new Error(`docker-registry did not start:\n${said}`);
  }
  const line = /"(\w+) (\/v2\/\S*) HTTP\/[\d.]+" (\d+)/g;
  const requests = (): string[] =>
    [...fs.readFileSync(log, "utf8").matchAll(line)].map(
      ([, method, at, status]) => `${method} ${at} ${status}`,
    );
  return { host, folder, requests, stop };
}

/** `127.0.0.1:PORT`, as the registry's log says it. */
async function hostFrom(log: string): Promise<string | undefined> {
  for (let tries = 0; tries < 200; tries += 1) {
    const port = /listening on 127\.0\.0\.1:(\d+)/.exec(fs.readFileSync(log, "utf8"))?.[1];
    if (port !== undefined) return `127.0.0.1:${port}`;
    await delay(50);
  }
  return undefined;
}

function authentication(folder: string, options: DockerRegistryOptions): object {
  const { users, tokens } = options;
  if (tokens !== undefined) {
    const { realm, service, issuer, certificate } = tokens;
    return { auth: { token: { realm, service, issuer, rootcertbundle: certificate } } };
  }
  if (users === undefined) return {};
  const file = path.join(folder, "htpasswd");
  const lines = Object.entries(users).map(([user, password]) => `${user}:${bcrypt(password)}\n`);
  fs.writeFileSync(file, lines.join(""));
  return { auth: { htpasswd: { realm: "test", path: file } } };
}

/** The only form that docker-registry takes; CPython has it from the system's C library. */
function bcrypt(password: string): string {
  const program =
    "import crypt, sys; print(crypt.crypt(sys.stdin.read(), crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))";
  const options = { input: password, encoding: "utf8" } as const;
  return execFileSync("python3", ["-W", "ignore", "-c", program], options).trim();
}

/** A server that signs tokens as docker-registry wants them (distribution's "Token Authentication"). */
export interface TokenServer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM file of the certificate that signs. */
  readonly certificate: string;
  /** The form or query of each request, its `authorization`, too. */
  readonly asked: ReadonlyArray<Readonly<Record<string, string>>>;
  stop(): void;
}

export interface TokenServerOptions {
  readonly key: string;
  readonly certificate: string;
  /** Given to whoever asks for one, as Docker does when it logs in. */
  readonly identityToken?: string;
  /** Seconds that a token is good for. */
  readonly life: number;
  /** Whether somebody who asks like this gets a token that allows what is asked. */
  readonly isAllowed: (asked: Readonly<Record<string, string>>) => boolean;
}

export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const asked: Array<Record<string, string>> = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://localhost");
      const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
      const question: Record<string, string> = { method: request.method ?? "" };
      for (const [name, value] of [...url.searchParams, ...form]) {
        question[name] = name in question ? `${question[name]} ${value}` : value;
      }
      const { authorization } = request.headers;
      if (authorization !== undefined) question["authorization"] = authorization;
      asked.push(question);
      if (options.isAllowed(question)) {
        const token = signedToken(options, question["scope"] ?? "");
        response.setHeader("content-type", "application/json");
        const asksIdentity = question["offline_token"] === "true";
        const identity = asksIdentity ? { refresh_token: options.identityToken } : {};
        response.end(JSON.stringify({ token, expires_in: options.life, ...identity }));
      } else {
        response.statusCode = 401;
        response.end(JSON.stringify({ errors: [{ code: "DENIED", message: "unknown user" }] }));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    realm: `http://127.0.0.1:${port}/token`,
    service: "test",
    issuer: "varve tests",
    certificate: options.certificate,
    asked,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function signedToken({ key, certificate, life }: TokenServerOptions, scopes: string): string {
  const der = fs
    .readFileSync(certificate, "utf8")
    .replace(/-----[^-]+-----/g, "")
    .replace(/\s/g, "");
  const now = Math.floor(Date.now() / 1000);
  const access = scopes
    .split(" ")
    .filter((scope) => scope !== "")
    .map((scope) => {
      const [type = "", name = "", actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",") };
    });
  const claims = {
    iss: "varve tests",
    sub: "u",
    aud: "test",
    nbf: now - 5,
    iat: now,
    exp: now + life,
  };
  const text = [
    part({ typ: "JWT", alg: "ES256", x5c: [der] }),
    part({ ...claims, jti: randomUUID(), access }),
  ].join(".");
  const signer = createSign("sha256").update(text);
  const pem = createPrivateKey(fs.readFileSync(key, "utf8"));
  const signature = signer.sign({ key: pem, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { defaultSockets } from "../../src/engine/default-socket.ts";
import { resolveEndpoint } from "../../src/engine/endpoint.ts";
import { UsageError } from "../../src/errors.ts";
import type { VarveError } from "../../src/errors.ts";
import { makeAuthority, makeCertificate } from "./support/pki.ts";
import { failureOf } from "../support/failures.ts";

let home: string;
let config: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "varve-endpoint-"));
  config = join(home, ".docker");
  await mkdir(config);
});
afterEach(() => rm(home, { recursive: true }));

describe("the engine that is meant", () => {
  it("is the one of --context, whatever the environment says", async () => {
    await addContext("build", { Host: "tcp://build:1" });
    const endpoint = await resolveEndpoint({
      context: "build",
      env: env({ DOCKER_HOST: "tcp://other:1", DOCKER_CONTEXT: "other" }),
    });
    expect(endpoint).toMatchObject({ shown: "tcp://build:1", origin: 'context "build"' });
  });

  it("is the one of --host, whatever the environment says", async () => {
    const endpoint = await resolveEndpoint({
      host: "tcp://build:1",
      env: env({ DOCKER_HOST: "tcp://other:1", DOCKER_CONTEXT: "other" }),
    });
    expect(endpoint).toMatchObject({ shown: "tcp://build:1", origin: "--host" });
  });

  it("is the one of DOCKER_HOST before DOCKER_CONTEXT and config.json", async () => {
    await writeFile(join(config, "config.json"), '{"currentContext":"other"}');
    const endpoint = await resolveEndpoint({
      env: env({ DOCKER_HOST: "tcp://build:1", DOCKER_CONTEXT: "other" }),
    });
    expect(endpoint).toMatchObject({ shown: "tcp://build:1", origin: "DOCKER_HOST" });
  });

  it("is the one of DOCKER_CONTEXT before config.json", async () => {
    await addContext("build", { Host: "ssh://build" });
    await writeFile(join(config, "config.json"), '{"currentContext":"other"}');
    const endpoint = await resolveEndpoint({ env: env({ DOCKER_CONTEXT: "build" }) });
    expect(endpoint).toMatchObject({ shown: "ssh://build", origin: 'context "build"' });
  });

  it("is the current context of config.json, in the folder that DOCKER_CONFIG names", async () => {
    config = join(home, "elsewhere");
    await mkdir(config);
    await addContext("build", { Host: "unix:///run/build.sock" });
    await writeFile(join(config, "config.json"), '{"currentContext":"build","auths":{"x":{}}}');
    const endpoint = await resolveEndpoint({ env: env({ DOCKER_CONFIG: config }) });
    expect(endpoint.shown).toBe("unix:///run/build.sock");
  });

  it("is the one of DOCKER_HOST for the context named default", async () => {
    const endpoint = await resolveEndpoint({
      context: "default",
      env: env({ DOCKER_HOST: "tcp://build:1" }),
    });
    expect(endpoint).toMatchObject({ shown: "tcp://build:1", origin: "DOCKER_HOST" });
  });

  it("is the first socket that exists, if nothing else is said", async () => {
    await writeFile(join(home, "file.sock"), "");
    await listen("second.sock");
    await listen("third.sock");
    const sockets = ["missing.sock", "file.sock", "second.sock", "third.sock"].map(inHome);
    const { shown, origin } = await resolveEndpoint({ env: env({}), sockets });
    expect({ shown, origin }).toEqual({
      shown: `unix://${inHome("second.sock")}`,
      origin: "default",
    });
  });

  it.skipIf(process.getuid?.() === 0)("is the first socket that may be opened", async () => {
    await listen("roots.sock");
    await chmod(inHome("roots.sock"), 0);
    await listen("mine.sock");
    const sockets = ["roots.sock", "mine.sock"].map(inHome);
    expect((await resolveEndpoint({ env: env({}), sockets })).shown).toContain("mine.sock");
  });

  it("is looked for where Docker, rootless Docker, Docker Desktop and podman listen", () => {
    expect(defaultSockets({ HOME: "/home/ann", XDG_RUNTIME_DIR: "/run/user/7" })).toEqual([
      "/var/run/docker.sock",
      "/run/user/7/docker.sock",
      "/home/ann/.docker/run/docker.sock",
      "/run/user/7/podman/podman.sock",
      "/run/podman/podman.sock",
    ]);
  });
});

describe("mistakes are told", () => {
  it("two options for one thing", async () => {
    const error = await failureOf(
      resolveEndpoint({ host: "tcp://a:1", context: "b", env: env({}) }),
    );
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toBe("--host and --context both say which Docker engine to use");
  });

  it("an unknown context, and which are known", async () => {
    await addContext("zulu", { Host: "tcp://z:1" });
    await addContext("alpha", { Host: "tcp://a:1" });
    const option = await failureOf(resolveEndpoint({ context: "nope", env: env({}) }));
    expect(option).toBeInstanceOf(UsageError);
    expect(option.message).toBe('the Docker context "nope" (--context) does not exist');
    expect(option.hint).toBe("known contexts: default, alpha, zulu");

    const variable = await failureOf(resolveEndpoint({ env: env({ DOCKER_CONTEXT: "nope" }) }));
    expect(variable).toMatchObject({ code: "ENGINE_ENDPOINT", exitCode: 1 });
    expect(variable.message).toContain("(DOCKER_CONTEXT)");

    await writeFile(join(config, "config.json"), '{"currentContext":"nope"}');
    const current = await failureOf(resolveEndpoint({ env: env({}) }));
    expect(current.message).toContain(`(currentContext in ${join(config, "config.json")})`);
  });

  it("a context without a Docker engine", async () => {
    await addContext("kube", undefined);
    const error = await failureOf(resolveEndpoint({ context: "kube", env: env({}) }));
    expect(error.message).toBe('the Docker context "kube" (--context) names no Docker engine');
  });

  it("a context whose address is wrong", async () => {
    await addContext("windows", { Host: "npipe:////./pipe/docker_engine" });
    const error = await failureOf(resolveEndpoint({ context: "windows", env: env({}) }));
    expect(error.message).toContain('(context "windows") is a named pipe of Windows');
  });

  it.each([
    ["{", "it is not valid JSON"],
    ['{"currentContext": 1}', "currentContext should be string"],
    ["3", "the whole should be Object"],
  ])("a damaged config.json: %s", async (text, reason) => {
    await writeFile(join(config, "config.json"), text);
    const error = await failureOf(resolveEndpoint({ env: env({}) }));
    expect(error.code).toBe("ENGINE_CONFIG");
    expect(error.message).toBe(`cannot use Docker's ${join(config, "config.json")}: ${reason}`);
  });

  it("nothing of a damaged config.json that may be a secret", async () => {
    await writeFile(join(config, "config.json"), '{"auths":{"x":{"auth":"aHVudGVyMg==}}}');
    const error = await failureOf(resolveEndpoint({ env: env({}) }));
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain("aHVudGVyMg");
  });

  it("no engine anywhere", async () => {
    const error = await failureOf(
      resolveEndpoint({ env: env({}), sockets: ["/nope/a", "/nope/b"] }),
    );
    expect(error.code).toBe("ENGINE_UNREACHABLE");
    expect(error.message).toBe("found no Docker engine: there is no socket at /nope/a, /nope/b");
    expect(error.hint).toContain("systemctl start docker");
  });
});

describe("TLS files", () => {
  beforeEach(async () => {
    await makeAuthority(inHome("authority"));
    await makeCertificate(inHome("authority"), inHome("certs"), "IP:127.0.0.1");
  });

  it("come from DOCKER_CERT_PATH if DOCKER_TLS_VERIFY is set", async () => {
    const { tls } = await resolveEndpoint({
      host: "tcp://build:2376",
      env: env({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: inHome("certs") }),
    });
    expect(tls).toEqual({
      verify: true,
      ca: expect.stringContaining("BEGIN CERTIFICATE"),
      cert: expect.stringContaining("BEGIN CERTIFICATE"),
      key: expect.stringContaining("PRIVATE KEY"),
    });
  });

  it("are not used if the variable is not set, or empty", async () => {
    for (const verify of [{}, { DOCKER_TLS_VERIFY: "" }]) {
      const { tls } = await resolveEndpoint({
        host: "tcp://build:2376",
        env: env({ DOCKER_CERT_PATH: inHome("certs"), ...verify }),
      });
      expect(tls).toBeUndefined();
    }
  });

  it("are not asked for by a socket", async () => {
    const { tls } = await resolveEndpoint({
      host: "unix:///run/docker.sock",
      env: env({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nope" }),
    });
    expect(tls).toBeUndefined();
  });

  it("do not check the engine with DOCKER_TLS alone", async () => {
    await mkdir(inHome("empty"));
    const { tls } = await resolveEndpoint({
      host: "tcp://build:2376",
      env: env({ DOCKER_TLS: "1", DOCKER_CERT_PATH: inHome("empty") }),
    });
    expect(tls).toEqual({ verify: false });
  });

  it("come with a context", async () => {
    const id = await addContext("build", { Host: "tcp://build:2376", SkipTLSVerify: true });
    await makeCertificate(
      inHome("authority"),
      join(config, "contexts/tls", id, "docker"),
      "IP:127.0.0.1",
    );
    const { tls } = await resolveEndpoint({ context: "build", env: env({}) });
    expect(tls).toMatchObject({ verify: false, ca: expect.stringContaining("BEGIN") });
  });

  it.each(["ca.pem", "cert.pem", "key.pem"])("are missed one by one: %s", async (name) => {
    await rm(join(inHome("certs"), name));
    const error = await withCerts();
    expect(error.code).toBe("ENGINE_TLS");
    expect(error.message).toContain(`the TLS files in ${inHome("certs")} (DOCKER_CERT_PATH)`);
    expect(error.message).toContain(name);
  });

  it("are checked to be PEM", async () => {
    await writeFile(join(inHome("certs"), "cert.pem"), "not PEM");
    expect((await withCerts()).message).toContain("are not valid:");
  });

  it("are not found in a folder that does not exist", async () => {
    await rm(inHome("certs"), { recursive: true });
    expect((await withCerts()).message).toContain("have no ca.pem");
  });
});

function withCerts(): Promise<VarveError> {
  return failureOf(
    resolveEndpoint({
      host: "tcp://build:2376",
      env: env({ DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: inHome("certs") }),
    }),
  );
}

function env(variables: Record<string, string>): NodeJS.ProcessEnv {
  return { HOME: home, ...variables };
}

function inHome(name: string): string {
  return join(home, name);
}

/** Stores a context as Docker's command line does; its ID. */
async function addContext(name: string, docker: object | undefined): Promise<string> {
  const id = createHash("sha256").update(name).digest("hex");
  const folder = join(config, "contexts/meta", id);
  await mkdir(folder, { recursive: true });
  const meta = { Name: name, Metadata: {}, Endpoints: docker === undefined ? {} : { docker } };
  await writeFile(join(folder, "meta.json"), JSON.stringify(meta));
  return id;
}

async function listen(name: string): Promise<void> {
  const server = createServer().listen(inHome(name));
  await once(server, "listening");
  onTestFinished(() => void server.close());
}

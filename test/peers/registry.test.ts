import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { makeAuthority, makeCertificate } from "../engine/support/pki.ts";
import { writeConf } from "../support/conf.ts";
import { startVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import {
  registryMissing,
  startDockerRegistry,
  startTokenServer,
} from "./support/docker-registry.ts";
import type { DockerRegistry, DockerRegistryOptions } from "./support/docker-registry.ts";

const STORE = [
  "/nix/store/00000000000000000000000000000000-small",
  "/nix/store/11111111111111111111111111111111-large",
] as const;

/** A conf with a layer of each path, and its store. */
function confIn(folder: string): readonly string[] {
  createStorePaths(
    folder,
    STORE.map((at) => ({ path: at, entries: [{ path: "", type: "directory", mode: "0755" }] })),
  );
  fs.writeFileSync(path.join(folder, STORE[0], "hello"), "hello\n");
  fs.writeFileSync(path.join(folder, STORE[1], "noise"), randomBytes(6 << 20));
  const conf = writeConf(folder, { store_layers: STORE.map((at) => [at]) });
  return ["--conf", conf, "--store-root", folder];
}

async function registryWith(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const registry = await startDockerRegistry(options);
  onTestFinished(() => registry.stop());
  return registry;
}

function skopeo(...args: readonly string[]): string {
  return execFileSync("skopeo", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs varve while this process' own servers go on serving. */
async function varve(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  const child = startVarve(args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

function digestIn({ stdout }: Finished): string {
  return stdout.trim();
}

const missing = registryMissing();

describe.skipIf(missing !== undefined)("docker-registry", () => {
  let folder: string;
  let registry: DockerRegistry;
  let image: readonly string[];

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
    image = confIn(folder);
    registry = await startDockerRegistry();
  });

  afterAll(async () => {
    await registry?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it.each(["gzip", "zstd", "none"])(
    "%s: skopeo reads and checks what was pushed",
    async (compression) => {
      const name = `${registry.host}/team/${compression}:1.0`;
      const pushed = await varve(["push", ...image, "-t", name, "--compression", compression]);
      expect(pushed.stderr).toMatch(/3 layers sent, /);
      expect(pushed.status).toBe(0);
      const reference = digestIn(pushed);
      expect(reference).toMatch(/^127\.0\.0\.1:\d+\/team\/\w+@sha256:[0-9a-f]{64}$/);
      const source = `docker://${name}`;
      const seen = JSON.parse(skopeo("inspect", "--tls-verify=false", source)) as {
        Digest: string;
      };
      expect(reference.endsWith(seen.Digest)).toBe(true);
      const copy = path.join(folder, `copy-${compression}`);
      skopeo("copy", "--src-tls-verify=false", source, `oci:${copy}`);
      expect(fs.readdirSync(path.join(copy, "blobs/sha256")).length).toBe(5);
    },
  );

  it("podman pulls it and has its files", async () => {
    const name = `${registry.host}/team/gzip:1.0`;
    const store = temporaryFolder();
    const podman = (...args: readonly string[]): string =>
      execFileSync(
        "podman",
        ["--root", `${store}/root`, "--runroot", `${store}/run`, "--storage-driver=vfs", ...args],
        { encoding: "utf8" },
      );
    podman("pull", "--quiet", "--tls-verify=false", name);
    const listed = podman("image", "inspect", name, "--format", "{{len .RootFS.Layers}}");
    expect(listed.trim()).toBe("3");
  });

  it("a machine without caches sends no layer of an unchanged image", async () => {
    const name = `${registry.host}/team/again:1.0`;
    const first = await varve(["push", ...image, "-t", name]);
    const before = registry.requests().length;
    const again = await varve(["push", ...image, "-t", name]);
    expect(digestIn(again)).toBe(digestIn(first));
    const requests = registry.requests().slice(before);
    expect(requests.filter((request) => /^(?:POST|PATCH)/.test(request))).toEqual([]);
  });

  it("mounts from the image it is told of", async () => {
    await varve(["push", ...image, "-t", `${registry.host}/team/from:1.0`]);
    const args = ["-t", `${registry.host}/team/to:1.0`, "--cache-from"];
    const pushed = await varve(["push", ...image, ...args, `${registry.host}/team/from:1.0`]);
    expect(pushed.stderr).toMatch(/mounted/);
    expect(pushed.stderr).toMatch(/no layer sent/);
    expect(pushed.status).toBe(0);
  });

  it("pushes an archive as it is, under each name", async () => {
    const archive = path.join(folder, "image.tar.gz");
    expect((await varve(["build", ...image, "-o", archive])).status).toBe(0);
    const names = [`${registry.host}/team/archive:1`, `${registry.host}/team/archive:2`];
    const metadata = path.join(folder, "metadata.json");
    const tags = names.flatMap((name) => ["-t", name]);
    const pushed = await varve(["push", archive, ...tags, "--metadata-file", metadata]);
    expect(pushed.stderr).not.toMatch(/hint/);
    const told = JSON.parse(fs.readFileSync(metadata, "utf8")) as Record<string, unknown>;
    expect(told).toMatchObject({ references: names, digests: [digestIn(pushed)] });
    for (const name of names) skopeo("inspect", "--tls-verify=false", `docker://${name}`);
  });

  it("says what would be sent, and sends nothing", async () => {
    const before = registry.requests().length;
    const name = `${registry.host}/team/dry:1.0`;
    const { stdout, stderr } = await varve(["push", ...image, "-t", name, "--dry-run"]);
    expect(stdout.length).toBe(0);
    expect(stderr).toMatch(/3 layers would be sent/);
    const requests = registry.requests().slice(before);
    expect(requests.every((request) => /^(?:GET|HEAD)/.test(request))).toBe(true);
  });

  it("asks for a registry's name, and for a registry", async () => {
    const nameless = await varve(["push", ...image, "-t", "app:1.0"]);
    expect(nameless.status).toBe(2);
    expect(nameless.stderr).toMatch(/does not name a registry/);
    const absent = await varve(["push", ...image, "-t", "127.0.0.1:1/app:1.0"]);
    expect(absent.status).toBe(1);
    expect(absent.stderr).toMatch(/GET http:\/\/127\.0\.0\.1:1\/v2\/: nobody listens there/);
  });

  it("lets in who has a password, from Docker's and podman's files", async () => {
    const own = await registryWith({ users: { user: "pass word" } });
    const name = `${own.host}/team/app:1.0`;
    const home = temporaryFolder();
    const env = { HOME: home, DOCKER_CONFIG: "", XDG_RUNTIME_DIR: "", REGISTRY_AUTH_FILE: "" };
    const refused = await varve(["push", ...image, "-t", name], { env });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/HEAD http:\S+: HTTP 401 Unauthorized/);
    expect(refused.stderr).toMatch(/hint: log in .*varve login 127\.0\.0\.1/);
    const auth = Buffer.from("user:pass word").toString("base64");
    const file = path.join(home, "auth.json");
    fs.writeFileSync(file, JSON.stringify({ auths: { [own.host]: { auth } } }));
    const pushed = await varve(["push", ...image, "-t", name], {
      env: { ...env, REGISTRY_AUTH_FILE: file },
    });
    expect(pushed.stderr).not.toMatch(/hint/);
    expect(pushed.status).toBe(0);
    fs.mkdirSync(path.join(home, ".docker"));
    fs.copyFileSync(file, path.join(home, ".docker/config.json"));
    expect((await varve(["push", ...image, "-t", name], { env })).status).toBe(0);
  });

  it("trusts the authority it is given, and no other", async () => {
    const place = temporaryFolder();
    const authority = path.join(place, "authority");
    const certificates = path.join(place, "server");
    await makeAuthority(authority);
    await makeCertificate(authority, certificates, "IP:127.0.0.1");
    const own = await registryWith({
      tls: {
        certificate: path.join(certificates, "cert.pem"),
        key: path.join(certificates, "key.pem"),
      },
    });
    const args = ["push", ...image, "-t", `${own.host}/team/app:1.0`];
    const ca = path.join(authority, "ca.pem");
    const refused = await varve(args);
    expect(refused.stderr).toMatch(/no trust over TLS|no registry answers/);
    expect(refused.status).toBe(1);
    expect((await varve([...args, "--ca-file", ca])).stderr).toMatch(/3 layers sent/);
    expect((await varve(args, { env: { SSL_CERT_FILE: ca } })).stderr).toMatch(/no layer sent/);
    expect((await varve([...args, "--tls-verify=false"])).stderr).toMatch(/no layer sent/);
    const home = temporaryFolder();
    const folderOfHost = path.join(home, ".config/containers/certs.d", own.host);
    fs.mkdirSync(folderOfHost, { recursive: true });
    fs.copyFileSync(ca, path.join(folderOfHost, "ca.crt"));
    expect((await varve(args, { env: { HOME: home } })).stderr).toMatch(/no layer sent/);
  });

  it("asks a token server, again when a token has run out", async () => {
    const place = temporaryFolder();
    await makeAuthority(place);
    const tokens = await startTokenServer({
      key: path.join(place, "ca-key.pem"),
      certificate: path.join(place, "ca.pem"),
      life: 60,
      isAllowed: ({ authorization, refresh_token: refresh }) =>
        authorization === `Basic ${Buffer.from("user:secret").toString("base64")}` ||
        refresh === "identity-secret",
    });
    onTestFinished(() => {
      tokens.stop();
    });
    const own = await registryWith({ tokens });
    const name = `${own.host}/team/app:1.0`;
    const file = path.join(place, "auth.json");
    const env = { REGISTRY_AUTH_FILE: file };
    const auth = Buffer.from("user:secret").toString("base64");
    fs.writeFileSync(file, JSON.stringify({ auths: { [own.host]: { auth } } }));
    const pushed = await varve(["push", ...image, "-t", name], { env });
    expect(pushed.stderr).toMatch(/3 layers sent/);
    expect(tokens.asked.map(({ scope, method }) => `${method} ${scope}`)).toEqual([
      "GET repository:team/app:pull,push",
    ]);
    fs.writeFileSync(
      file,
      JSON.stringify({ auths: { [own.host]: { identitytoken: "identity-secret" } } }),
    );
    expect((await varve(["push", ...image, "-t", name], { env })).stderr).toMatch(/no layer sent/);
    expect(tokens.asked.at(-1)).toMatchObject({ method: "POST", grant_type: "refresh_token" });
    fs.writeFileSync(file, "{}");
    const refused = await varve(["push", ...image, "-t", name, "--debug"], {
      env: { ...env, HOME: place },
    });
    expect(refused.stderr).toMatch(/DENIED: unknown user/);
    expect(refused.stderr).not.toMatch(/secret/);
  });

  it("asks a credential program", async () => {
    const own = await registryWith({ users: { user: "secret" } });
    const place = temporaryFolder();
    const program = path.join(place, "docker-credential-test");
    fs.writeFileSync(
      program,
      `#!/bin/sh\nread -r host\n[ "$host" = ${own.host} ] || { echo "credentials not found in native keychain"; exit 1; }\necho '{"ServerURL":"","Username":"user","Secret":"secret"}'\n`,
      { mode: 0o755 },
    );
    fs.writeFileSync(path.join(place, "config.json"), JSON.stringify({ credsStore: "test" }));
    const env = {
      DOCKER_CONFIG: place,
      REGISTRY_AUTH_FILE: "",
      PATH: `${place}:${process.env["PATH"]}`,
    };
    const pushed = await varve(["push", ...image, "-t", `${own.host}/team/app:1.0`], { env });
    expect(pushed.stderr).toMatch(/3 layers sent/);
  });
});

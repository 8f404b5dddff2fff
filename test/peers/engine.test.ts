import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { connectEngine } from "../../src/engine/client.ts";
import type { EngineClient } from "../../src/engine/client.ts";
import type { EndpointOptions } from "../../src/engine/endpoint.ts";
import type { LoadProgress } from "../../src/engine/load-events.ts";
import { makeAuthority, makeCertificate } from "../engine/support/pki.ts";
import { failureOf } from "../support/failures.ts";
import { sshdAbsent, startSshd } from "../engine/support/sshd.ts";
import { absent } from "./support/absent.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import type { TestDockerd } from "./support/dockerd.ts";
import { startPodman } from "./support/podman.ts";
import { makeTinyArchive } from "./support/tiny-archive.ts";

const run = promisify(execFile);
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "varve-engine-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(dockerdAbsent())("a real Docker engine", () => {
  let engine: TestDockerd;
  let client: EngineClient;
  let tlsPort: number;

  beforeAll(async () => {
    await makeAuthority(join(folder, "authority"));
    await makeAuthority(join(folder, "stranger"));
    await makeCertificate(join(folder, "authority"), join(folder, "server"), "IP:127.0.0.1");
    await makeCertificate(join(folder, "authority"), join(folder, "client"), "DNS:client");
    await makeCertificate(join(folder, "stranger"), join(folder, "unknown"), "DNS:client");
    engine = await startDockerd({
      args: [
        "--host=tcp://127.0.0.1:0",
        "--tlsverify",
        `--tlscacert=${join(folder, "server/ca.pem")}`,
        `--tlscert=${join(folder, "server/cert.pem")}`,
        `--tlskey=${join(folder, "server/key.pem")}`,
      ],
    });
    tlsPort = await listeningPort(engine);
    client = await connectEngine({ host: engine.host, env: {} });
  });
  afterAll(async () => {
    client?.close();
    await engine?.stop();
  });

  it("tells what it is", async () => {
    const [version, id, driver] = (
      await engine.docker("info", "--format", "{{.ServerVersion}} {{.ID}} {{.Driver}}")
    ).split(" ");
    expect(await client.info()).toMatchObject({
      product: "docker",
      version,
      id,
      driver,
      os: "linux",
      containerdStore: driver === "overlayfs",
    });
  });

  it("loads an image, describes it and runs it", async () => {
    const archive = await makeTinyArchive(join(folder, "tiny"), { tag: "tiny:1" });
    const progress: LoadProgress[] = [];
    const result = await client.loadImage(pieces(archive.bytes), {
      onProgress: (event) => progress.push(event),
    });
    expect(result).toEqual({ names: ["tiny:1"], ids: [] });
    expect(progress.map(({ status }) => status)).toContain("Loading layer");

    const image = await client.inspectImage("tiny:1");
    expect(image).toMatchObject({ tags: ["tiny:1"], diffIds: [archive.diffId], os: "linux" });
    expect((await client.listImages()).map(({ tags }) => tags)).toEqual([["tiny:1"]]);
    expect(await engine.docker("image", "inspect", "--format", "{{.Id}}", "tiny:1")).toBe(
      image?.id,
    );

    await engine.docker("run", "--detach", "--name=web", "--publish=127.0.0.1:0:8000", "tiny:1");
    const published = await engine.docker("port", "web", "8000/tcp");
    expect(await get(`http://${published}/`)).toBe("served from tiny:1");
    await engine.docker("rm", "--force", "web");
  });

  it("names and removes images", async () => {
    await client.tagImage({ source: "tiny:1", repository: "reg.example:5000/a/tiny", tag: "x" });
    expect((await client.inspectImage("tiny:1"))?.tags.toSorted()).toEqual([
      "reg.example:5000/a/tiny:x",
      "tiny:1",
    ]);
    await client.removeImage("reg.example:5000/a/tiny:x");
    await client.removeImage("tiny:1");
    expect(await client.listImages()).toEqual([]);
    expect((await failureOf(client.removeImage("tiny:1"))).message).toContain(
      "(404): No such image",
    );
  });

  it("loads an image without a name", async () => {
    const archive = await makeTinyArchive(join(folder, "nameless"), {});
    const { names, ids } = await client.loadImage(pieces(archive.bytes));
    expect({ names, ids }).toEqual({ names: [], ids: [expect.stringMatching(/^sha256:/)] });
    expect((await client.inspectImage(ids[0] ?? ""))?.diffIds).toEqual([archive.diffId]);
    await client.removeImage(ids[0] ?? "");
  });

  it("refuses a damaged layer", async () => {
    const archive = await makeTinyArchive(join(folder, "bad"), { tag: "bad:1", damaged: true });
    const error = await failureOf(client.loadImage(pieces(archive.bytes)));
    expect(error.code).toBe("ENGINE_LOAD");
    expect(error.message).toContain(`${engine.host} (--host) did not load the image: `);
    expect(error.message).toContain("invalid diffID for layer 0");
    expect(await client.inspectImage("bad:1")).toBeUndefined();
  });

  it("refuses half an archive and what is no archive", async () => {
    const { bytes } = await makeTinyArchive(join(folder, "half"), { tag: "half:1" });
    for (const archive of [bytes.subarray(0, bytes.length / 2), Buffer.from("no archive")]) {
      const error = await failureOf(client.loadImage(pieces(archive)));
      expect(error.code).toMatch(/^ENGINE_(LOAD|REFUSED)$/);
    }
    expect(await client.listImages()).toEqual([]);
  });

  it("is left at once, and keeps nothing", async () => {
    const { bytes } = await makeTinyArchive(join(folder, "left"), { tag: "left:1" });
    const abort = new AbortController();
    const loading = client.loadImage(stalling(bytes, abort), { signal: abort.signal });
    await expect(loading).rejects.toThrow("interrupted");
    await delay(200);
    expect(await client.listImages()).toEqual([]);
  });

  describe("over TCP with TLS", () => {
    it("takes an image from a client that it knows", async () => {
      const secure = await connect({
        host: `tcp://127.0.0.1:${tlsPort}`,
        env: { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: join(folder, "client") },
      });
      const { bytes } = await makeTinyArchive(join(folder, "tls"), { tag: "tls:1" });
      expect(await secure.loadImage(pieces(bytes))).toEqual({ names: ["tls:1"], ids: [] });
      await secure.removeImage("tls:1");
    });

    it("refuses clients whom it does not know", async () => {
      for (const certificates of ["authority", "unknown"]) {
        const error = await failureOf(
          connectEngine({
            host: `tcp://127.0.0.1:${tlsPort}`,
            env: { DOCKER_TLS: "1", DOCKER_CERT_PATH: join(folder, certificates) },
          }),
        );
        expect(error.code).toBe("ENGINE_TLS");
        expect(error.hint).toContain("check cert.pem and key.pem");
      }
    });

    it("says that it wants TLS", async () => {
      const error = await failureOf(connectEngine({ host: `tcp://127.0.0.1:${tlsPort}`, env: {} }));
      expect(error.message).toContain("Client sent an HTTP request to an HTTPS server");
      expect(error.hint).toContain("DOCKER_TLS_VERIFY=1");
    });

    it("is found through a context that docker itself made", async () => {
      const pems = join(folder, "client");
      await engine.docker(
        "context",
        "create",
        "secure",
        `--docker=host=tcp://127.0.0.1:${tlsPort},ca=${pems}/ca.pem,cert=${pems}/cert.pem,key=${pems}/key.pem`,
      );
      const env = { DOCKER_CONFIG: engine.env["DOCKER_CONFIG"] };
      const secure = await connect({ context: "secure", env });
      expect(secure.endpoint.origin).toBe('context "secure"');
      const { DOCKER_HOST: _, ...noHost } = engine.env;
      await run("docker", ["context", "use", "secure"], { env: noHost });
      const current = await connect({ env });
      expect((await current.info()).id).toBe((await client.info()).id);
    });
  });

  it.skipIf(sshdAbsent())("is reached over ssh by docker's own dial-stdio", async () => {
    const sshd = await startSshd({ PATH: process.env["PATH"] ?? "", DOCKER_HOST: engine.host });
    const path = process.env["PATH"];
    process.env["PATH"] = `${sshd.path}${delimiter}${path}`;
    onTestFinished(async () => {
      process.env["PATH"] = path;
      await sshd.stop();
    });
    const { bytes } = await makeTinyArchive(join(folder, "ssh"), { tag: "ssh:1" });
    const remote = await connect({ host: `ssh://${sshd.address}`, env: {} });
    expect(await remote.loadImage(pieces(bytes))).toEqual({ names: ["ssh:1"], ids: [] });
    await remote.removeImage("ssh:1");

    const elsewhere = await connect({ host: `ssh://${sshd.address}${engine.socket}`, env: {} });
    expect((await elsewhere.info()).id).toBe((await client.info()).id);

    const damaged = await makeTinyArchive(join(folder, "ssh-bad"), { tag: "x:1", damaged: true });
    const error = await failureOf(remote.loadImage(pieces(damaged.bytes)));
    expect(error.message).toContain("invalid diffID for layer 0");
  });
});

describe.skipIf(absent(["podman"]))("podman's imitation of the API", () => {
  it("takes an image", async () => {
    const podman = await startPodman();
    onTestFinished(() => podman.stop());
    const client = await connect({ host: podman.host, env: {} });
    expect(await client.info()).toMatchObject({ product: "podman", containerdStore: false });

    const archive = await makeTinyArchive(join(folder, "podman"), { tag: "tiny:1" });
    const result = await client.loadImage(pieces(archive.bytes));
    expect(result).toEqual({ names: ["localhost/tiny:1"], ids: [] });
    expect(await client.inspectImage("tiny:1")).toMatchObject({
      id: archive.imageId,
      tags: ["localhost/tiny:1"],
      diffIds: [archive.diffId],
    });
    expect((await client.listImages()).map(({ id }) => id)).toEqual([archive.imageId]);

    const bad = await makeTinyArchive(join(folder, "podman-bad"), { tag: "bad:1", damaged: true });
    const error = await failureOf(client.loadImage(pieces(bad.bytes)));
    expect(error.code).toMatch(/^ENGINE_(LOAD|REFUSED)$/);
    expect(await client.inspectImage("bad:1")).toBeUndefined();
  });
});

/** The port that the system gave to the engine, from its log. */
async function listeningPort(engine: TestDockerd): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = /API listen on 127\.0\.0\.1:(\d+)/.exec(await engine.log())?.[1];
    if (port !== undefined) return Number(port);
    await delay(50);
  }
  throw new Error(`dockerd does not say on which port it listens:\n${await engine.log()}`);
}

async function connect(options: EndpointOptions): Promise<EngineClient> {
  const client = await connectEngine(options);
  onTestFinished(() => client.close());
  return client;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 300_000) {
    yield bytes.subarray(from, from + 300_000);
  }
}

/** Half of an archive, then nothing more until somebody interrupts. */
async function* stalling(bytes: Uint8Array, abort: AbortController): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes.subarray(0, bytes.length / 2));
  setTimeout(() => abort.abort(new Error("interrupted")), 100);
  await new Promise(() => undefined);
}

/** A server in a container takes a moment to start. */
async function get(url: string): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (attempt > 50) throw error;
      await delay(100);
    }
  }
}

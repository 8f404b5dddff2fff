import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ContentSource } from "../../src/image/content-store.ts";
import { digestOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import type { RemoteReference } from "../../src/image/reference.ts";
import { Registries } from "../../src/registry/registries.ts";
import { PATIENT } from "../../src/registry/retry.ts";
import { parseRegistriesConf } from "../../src/registry/settings/registries-conf.ts";
import { RegistrySettings } from "../../src/registry/settings/registry-settings.ts";
import { makeAuthority, makeCertificate } from "../engine/support/pki.ts";
import { failureOf } from "../support/failures.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { FaultRegistry } from "./support/fault-registry.ts";
import type { FaultRegistryOptions } from "./support/fault-registry.ts";

const BLOB = randomBytes(300_000);
const DIGEST = digestOf(BLOB);
const APP: RemoteReference = { registry: "app.invalid", path: "team/app", version: "1" };
/** Nobody listens on it. */
const DEAD = "127.0.0.1:1";

function manifestOf(text: string): Buffer {
  return Buffer.from(JSON.stringify({ mediaType: MEDIA_TYPE.manifest, layers: [], text }));
}

/** A registry whose `team/app:1` says whose it is. */
async function registryOf(
  text: string,
  options: FaultRegistryOptions = {},
): Promise<FaultRegistry> {
  const registry = await FaultRegistry.start(options);
  onTestFinished(() => {
    registry.close();
  });
  registry.put("team/app", BLOB);
  registry.manifests.set("team/app:1", manifestOf(text));
  return registry;
}

function registries(conf: string): { registries: Registries; notes: string[] } {
  const notes: string[] = [];
  const made = new Registries({
    settings: new RegistrySettings(parseRegistriesConf(conf, "registries.conf")),
    policy: { ...PATIENT, sleep: async (): Promise<void> => undefined },
    find: async () => undefined,
    note: (message) => notes.push(message),
  });
  onTestFinished(() => {
    made.close();
  });
  return { registries: made, notes };
}

function confOf(origin: string, ...mirrors: readonly string[]): string {
  const tables = mirrors.map((mirror) => `[[registry.mirror]]\nlocation = "${mirror}"\n`);
  return `[[registry]]\nprefix = "app.invalid"\nlocation = "${origin}"\n${tables.join("")}`;
}

async function textOf(source: ContentSource): Promise<string> {
  const manifest = await source.readManifest("1");
  return (JSON.parse(manifest!.bytes.toString("utf8")) as { text: string }).text;
}

async function bytesOf(source: ContentSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const blob = { digest: DIGEST, size: BLOB.length };
  for await (const chunk of source.openBlob(blob)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("a mirror", () => {
  it("is read without asking where the image belongs", async () => {
    const mirror = await registryOf("mirror");
    const source = await registries(confOf(DEAD, mirror.host)).registries.source(APP);
    expect(source.fullName).toBe("app.invalid/team/app");
    expect(await textOf(source)).toBe("mirror");
    expect(await source.hasBlob(DIGEST)).toBe(true);
    expect((await bytesOf(source)).equals(BLOB)).toBe(true);
  });

  it("that lacks something is passed over for that", async () => {
    const mirror = await registryOf("mirror");
    const origin = await registryOf("origin");
    mirror.blobs.clear();
    const { registries: made, notes } = registries(confOf(origin.host, mirror.host));
    const source = await made.source(APP);
    expect(await source.hasBlob(DIGEST)).toBe(true);
    expect((await source.readBlob(DIGEST))?.equals(BLOB)).toBe(true);
    expect((await bytesOf(source)).equals(BLOB)).toBe(true);
    expect(await textOf(source)).toBe("mirror");
    expect(notes).toEqual([]);
  });

  it("that fails is left aside, and said so once", async () => {
    const broken = await registryOf("broken", { fault: () => ({ kind: "status", status: 502 }) });
    const second = await registryOf("second");
    const conf = confOf(DEAD, "127.0.0.1:2", broken.host, second.host);
    const { registries: made, notes } = registries(conf);
    const source = await made.source(APP);
    expect([await textOf(source), await textOf(source)]).toEqual(["second", "second"]);
    expect(notes).toEqual([
      expect.stringContaining("the mirror 127.0.0.1:2/team/app is left aside: "),
      expect.stringContaining(`the mirror ${broken.host}/team/app is left aside: GET http://`),
    ]);
    expect(broken.requests.filter(({ path: at }) => at.includes("manifests")).length).toBe(2);
  });

  it("that breaks off in a blob is read on from the next place", async () => {
    const mirror = await registryOf("mirror", {
      fault: ({ method }) =>
        method === "GET" ? { kind: "cut-download", after: 100_000 } : undefined,
    });
    const origin = await registryOf("origin");
    const source = await registries(confOf(origin.host, mirror.host)).registries.source(APP);
    expect((await bytesOf(source)).equals(BLOB)).toBe(true);
  });

  it("is not believed when its bytes are others", async () => {
    const mirror = await registryOf("mirror");
    const origin = await registryOf("origin");
    mirror.blobs.set(`team/app@${DIGEST}`, randomBytes(BLOB.length));
    const { registries: made } = registries(confOf(origin.host, mirror.host));
    expect((await (await made.source(APP)).readBlob(DIGEST))?.equals(BLOB)).toBe(true);
    const source = await made.source(APP);
    expect((await failureOf(bytesOf(source))).code).toBe("REGISTRY_DIGEST");
    expect((await bytesOf(source)).equals(BLOB)).toBe(true);
  });

  it("is not pushed to", async () => {
    const mirror = await registryOf("mirror");
    const origin = await registryOf("origin");
    const { registries: made } = registries(confOf(`${origin.host}/at`, mirror.host));
    const repository = await made.repository(APP, true);
    expect(repository.fullName).toBe("app.invalid/team/app");
    expect(await repository.putBlob(BLOB)).toBe("sent");
    expect([...origin.blobs.keys()]).toContain(`at/team/app@${DIGEST}`);
    expect(mirror.requests).toEqual([]);
  });

  it("is not in the way of a mount where the image belongs", async () => {
    const mirror = await registryOf("mirror");
    const origin = await registryOf("origin");
    const { registries: made } = registries(confOf(origin.host, mirror.host));
    const source = await made.source(APP);
    const repository = await made.repository({ ...APP, path: "other/app" }, true);
    const way = await repository.takeBlob({ digest: DIGEST, size: BLOB.length }, source);
    expect(way).toBe("mounted");
    expect(mirror.requests).toEqual([]);
  });

  it("does not hide what its image's own registry says", async () => {
    const mirror = await registryOf("mirror");
    const origin = await registryOf("origin", { fault: () => ({ kind: "status", status: 403 }) });
    mirror.manifests.clear();
    const source = await registries(confOf(origin.host, mirror.host)).registries.source(APP);
    expect((await failureOf(source.readManifest("1"))).code).toBe("REGISTRY_DENIED");
  });
});

describe("an insecure registry", () => {
  it("needs no certificate that is trusted, where the settings say so", async () => {
    const folder = temporaryFolder();
    await makeAuthority(folder);
    await makeCertificate(folder, path.join(folder, "own"), "IP:127.0.0.1");
    const read = (name: string): Buffer => fs.readFileSync(path.join(folder, "own", name));
    const server = https.createServer(
      { cert: read("cert.pem"), key: read("key.pem") },
      (_, answer) => answer.end(manifestOf("TLS")),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const conf = `[[registry]]\nlocation = "${host}"\ninsecure = `;
    const remote = { ...APP, registry: host };
    const secure = registries(`${conf}false`).registries;
    expect((await failureOf(secure.source(remote))).code).toBe("REGISTRY_TLS");
    const insecure = await registries(`${conf}true`).registries.source(remote);
    expect(await textOf(insecure)).toBe("TLS");
  });
});

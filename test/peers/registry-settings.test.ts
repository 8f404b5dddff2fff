import { execFileSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../src/image/digest.ts";
import { MEDIA_TYPE } from "../../src/image/media-types.ts";
import { RegistryClient } from "../../src/registry/client.ts";
import { fallbackTagOf, listReferrers, putReferrer } from "../../src/registry/referrers.ts";
import { Repository } from "../../src/registry/repository.ts";
import { listTags } from "../../src/registry/tags.ts";
import { writeConf } from "../support/conf.ts";
import { startVarve } from "../support/run-varve.ts";
import { createStorePaths } from "../support/store-tree.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";

const STORE_PATH = "/nix/store/00000000000000000000000000000000-app";
/** Names a registry that is nowhere. */
const NAME = "registry.invalid/team/app:1";

async function varve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = startVarve(args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close"),
  ]);
  if (status !== 0) throw new Error(`varve ${args.join(" ")}: ${stderr}`);
  return stdout;
}

const missing = registryMissing();

describe.skipIf(missing !== undefined)("docker-registry and this machine's settings", () => {
  let registry: DockerRegistry;
  let folder: string;
  let image: readonly string[];
  let digest: string;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    folder = fs.mkdtempSync(path.join(registry.folder, "image-"));
    createStorePaths(folder, [
      {
        path: STORE_PATH,
        entries: [
          { path: "", type: "directory" },
          { path: "file", type: "file", text: "text\n", repeat: 1000 },
        ],
      },
    ]);
    const conf = writeConf(folder, { store_layers: [[STORE_PATH]] });
    image = ["push", "--quiet", "--conf", conf, "--store-root", folder];
    const pushed = await varve([...image, "-t", `${registry.host}/team/app:1`]);
    digest = pushed.trim().slice(pushed.indexOf("@") + 1);
  });

  afterAll(() => registry?.stop());

  async function repository(name: string): Promise<Repository> {
    return new Repository(await RegistryClient.connect(registry.host), name, true);
  }

  it("are the same settings to podman: a mirror that is insecure, a location", async () => {
    const conf = path.join(temporaryFolder(), "registries.conf");
    const podman = temporaryFolder();
    for (const place of [
      `location = "registry.invalid"\n[[registry.mirror]]\nlocation = "${registry.host}"\ninsecure = true`,
      `prefix = "registry.invalid/team"\nlocation = "${registry.host}/team"\ninsecure = true`,
    ]) {
      fs.writeFileSync(conf, `[[registry]]\n${place}\n`);
      const env = { CONTAINERS_REGISTRIES_CONF: conf };
      const inspected = await varve(["inspect", "--json", NAME], env);
      expect(inspected).toContain(digest);
      const roots = ["--root", `${podman}/root`, "--runroot", `${podman}/run`];
      const args = [...roots, "--storage-driver=vfs", "pull", "--quiet", NAME];
      execFileSync("podman", args, { env: { ...process.env, ...env }, stdio: "pipe" });
    }
  });

  it("lead a push to the location", async () => {
    const conf = path.join(temporaryFolder(), "registries.conf");
    const location = `${registry.host}/moved`;
    fs.writeFileSync(conf, `[[registry]]\nprefix = "registry.invalid"\nlocation = "${location}"\n`);
    const env = { CONTAINERS_REGISTRIES_CONF: conf };
    const told = await varve([...image, "-t", NAME], env);
    expect(told.trim()).toBe(`registry.invalid/team/app@${digest}`);
    expect(await listTags(await repository("moved/team/app"))).toEqual(["1"]);
  });

  it("keep account of what refers to an image, which this registry does not", async () => {
    const own = await repository("team/app");
    const empty = Buffer.from("{}");
    await own.putBlob(empty);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPE.manifest,
        artifactType: "application/spdx+json",
        config: {
          mediaType: "application/vnd.oci.empty.v1+json",
          digest: digestOf(empty),
          size: empty.length,
        },
        layers: [],
        subject: { mediaType: MEDIA_TYPE.manifest, digest, size: 1 },
      }),
    );
    expect(await listReferrers(own, digest)).toEqual([]);
    const referrer = await putReferrer(own, bytes);
    expect(await listReferrers(own, digest, "application/spdx+json")).toEqual([referrer]);
    expect(await listReferrers(own, digest, "application/other")).toEqual([]);
    const name = `docker://${registry.host}/team/app:${fallbackTagOf(digest)}`;
    const args = ["inspect", "--raw", "--tls-verify=false", name];
    const index: unknown = JSON.parse(execFileSync("skopeo", args, { encoding: "utf8" }));
    expect(index).toMatchObject({ mediaType: MEDIA_TYPE.index, manifests: [referrer] });
    own.client.close();
  });
});

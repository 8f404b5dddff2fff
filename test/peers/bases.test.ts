import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appStore, APP } from "../cli/support/app-store.ts";
import { runVarve } from "../support/run-varve.ts";
import type { Finished } from "../support/run-varve.ts";
import { dockerdAbsent, startDockerd } from "./support/dockerd.ts";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";

const PLATFORM = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
const BUSYBOX = "/bin/busybox";
const MODES = ["gzip", "zstd"] as const;

/** What of a manifest counts here. */
interface Manifest {
  readonly layers: ReadonlyArray<{ readonly digest: string; readonly mediaType: string }>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function skopeo(...args: readonly string[]): string {
  return execFileSync("skopeo", ["--insecure-policy", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function varve(...args: readonly string[]): Finished {
  const finished = runVarve(args);
  expect(finished.stderr).not.toContain("varve:");
  expect(finished.status).toBe(0);
  return finished;
}

function manifestOf(name: string): Manifest {
  const raw = skopeo("inspect", "--tls-verify=false", "--raw", `docker://${name}`);
  return JSON.parse(raw) as Manifest;
}

function digestOf(name: string): string {
  const format = ["--format", "{{.Digest}}"];
  return skopeo("inspect", "--tls-verify=false", ...format, `docker://${name}`).trim();
}

function configOf(name: string): Record<string, unknown> {
  const raw = skopeo("inspect", "--tls-verify=false", "--config", "--raw", `docker://${name}`);
  return JSON.parse(raw) as Record<string, unknown>;
}

/**
 * A Docker archive of a small system with a shell, as `docker save` writes it. Each is of its own
 * content, since skopeo takes any coding that a registry has of a layer for as good.
 */
function systemArchive(folder: string, name: string, architecture: string): string {
  const root = path.join(folder, `root-${name}`);
  fs.mkdirSync(path.join(root, "usr/bin"), { recursive: true });
  fs.copyFileSync(BUSYBOX, path.join(root, "usr/bin/busybox"));
  fs.symlinkSync("usr/bin", path.join(root, "bin"));
  for (const program of ["sh", "cat", "echo", "ls"]) {
    fs.symlinkSync("busybox", path.join(root, "usr/bin", program));
  }
  fs.writeFileSync(path.join(root, "name"), name);
  const pack = path.join(folder, `archive-${name}`);
  fs.mkdirSync(pack);
  execFileSync("tar", ["-C", root, "--sort=name", "-cf", path.join(pack, "layer.tar"), "."]);
  const layer = fs.readFileSync(path.join(pack, "layer.tar"));
  const diffId = `sha256:${createHash("sha256").update(layer).digest("hex")}`;
  const config = {
    architecture,
    os: "linux",
    created: "2024-01-01T00:00:00Z",
    config: {
      Env: ["PATH=/usr/bin", "SYSTEM=yes"],
      Entrypoint: ["/usr/bin/sh", "-c"],
      Cmd: ["echo base"],
      WorkingDir: "/tmp",
      Labels: { system: "small" },
    },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [
      { created: "2024-01-01T00:00:00Z", created_by: "ADD root" },
      { created: "2024-01-01T00:00:00Z", created_by: "ENV SYSTEM=yes", empty_layer: true },
    ],
  };
  fs.writeFileSync(path.join(pack, "config.json"), JSON.stringify(config));
  const manifest = [{ Config: "config.json", RepoTags: ["base:1"], Layers: ["layer.tar"] }];
  fs.writeFileSync(path.join(pack, "manifest.json"), JSON.stringify(manifest));
  const file = path.join(folder, `base-${name}.tar`);
  execFileSync("tar", ["-C", pack, "-cf", file, "manifest.json", "config.json", "layer.tar"]);
  return file;
}

const missing = registryMissing() ?? (fs.existsSync(BUSYBOX) ? undefined : "no busybox");

describe.skipIf(missing !== undefined)("a base that skopeo has put into a registry", () => {
  let folder: string;
  let registry: DockerRegistry;
  /** The last one. */
  let archive: string;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
    registry = await startDockerRegistry();
    for (const mode of MODES) {
      archive = systemArchive(folder, mode, PLATFORM.split("/")[1]!);
      const name = `docker://${registry.host}/base:${mode}`;
      const format = mode === "zstd" ? "oci" : "v2s2";
      const coding = ["--dest-compress-format", mode, "--format", format];
      skopeo("copy", "--dest-tls-verify=false", ...coding, `docker-archive:${archive}`, name);
    }
  });
  afterAll(async () => {
    await registry.stop();
    fs.rmSync(folder, { recursive: true });
  });

  it.each(MODES)("is mounted, not fetched: %s", (mode) => {
    const { options } = appStore();
    const base = `${registry.host}/base:${mode}`;
    const app = `${registry.host}/app:${mode}`;
    const before = registry.requests().length;
    varve("push", APP, "--from", base, "-t", app, ...options);
    const requests = registry.requests().slice(before);
    const pushed = manifestOf(app);
    const below = manifestOf(base);
    expect(pushed.layers[0]?.digest).toBe(below.layers[0]?.digest);
    expect(pushed.layers[0]?.mediaType).toBe(`application/vnd.oci.image.layer.v1.tar+${mode}`);
    const blob = below.layers[0]!.digest;
    expect(requests.some((request) => request.startsWith(`GET /v2/base/blobs/${blob}`))).toBe(
      false,
    );
    expect(requests.some((request) => request.includes(`mount=${encodeURIComponent(blob)}`))).toBe(
      true,
    );
    expect(pushed.annotations).toMatchObject({
      "org.opencontainers.image.base.name": base,
      "org.opencontainers.image.base.digest": digestOf(base),
    });
    const config = configOf(app) as { config: Record<string, unknown>; history: unknown[] };
    expect(config.config).toEqual({
      Cmd: [`${APP}/bin/app`],
      Env: [`PATH=${APP}/bin:/usr/bin`, "SYSTEM=yes"],
      WorkingDir: "/tmp",
      Labels: { system: "small" },
    });
    expect(config.history).toHaveLength(1 + pushed.layers.length);
    // Another reader proves every digest.
    skopeo("copy", "--src-tls-verify=false", `docker://${app}`, `dir:${folder}/copy-${mode}`);
  });

  it("gives the same image wherever it is", () => {
    const { root, options } = appStore();
    const layout = path.join(root, "layout");
    const zstd = `docker://${registry.host}/base:zstd`;
    skopeo("copy", "--src-tls-verify=false", zstd, `oci:${layout}:1.0`);
    skopeo("copy", "--src-tls-verify=false", zstd, `oci-archive:${layout}.tar:1.0`);
    execFileSync("xz", ["-k", archive]);
    const bases = [zstd, layout, `oci:${layout}:1.0`, `${layout}.tar`, archive, `${archive}.xz`];
    const ids = bases.map((base) => {
      const { stdout } = varve("inspect", APP, "--from", base, "--json", ...options);
      return (JSON.parse(stdout.toString()) as { imageId: string }).imageId;
    });
    expect(new Set(ids).size).toBe(1);
  });

  it("is pushed from layouts and archives as it is", () => {
    const zstd = `${registry.host}/base:zstd`;
    const layout = path.join(folder, "pushed");
    skopeo("copy", "--src-tls-verify=false", `docker://${zstd}`, `oci:${layout}:1.0`);
    skopeo("copy", "--src-tls-verify=false", `docker://${zstd}`, `oci-archive:${layout}.tar:1.0`);
    for (const [index, place] of [`oci:${layout}`, `${layout}.tar`].entries()) {
      const copy = `${registry.host}/copies:${index}`;
      varve("push", place, "-t", copy, "--quiet");
      expect(manifestOf(copy).layers.map(({ digest }) => digest)).toEqual(
        manifestOf(zstd).layers.map(({ digest }) => digest),
      );
      expect(configOf(copy)).toEqual(configOf(zstd));
    }
    const named = runVarve(["push", archive, "--quiet"]);
    expect(named.stderr).toContain("base:1 does not name a registry");
    varve("push", archive, "-t", `${registry.host}/copies:docker`, "--quiet");
  });

  it("is chosen from an index, or refused with the platforms there are", () => {
    const { options } = appStore();
    const s390x = systemArchive(folder, "s390x", "s390x");
    const images = ["gzip", "s390x"].map((tag) => `${registry.host}/base:${tag}`);
    skopeo("copy", "--dest-tls-verify=false", `docker-archive:${s390x}`, `docker://${images[1]}`);
    const index = `${registry.host}/base:index`;
    varve("index", "-t", index, ...images);
    const app = `${registry.host}/app:index`;
    varve("push", APP, "--from", index, "-t", app, ...options);
    expect(manifestOf(app).layers[0]).toMatchObject({
      digest: manifestOf(images[0]!).layers[0]!.digest,
    });
    const absent = ["--from", index, "--platform", "linux/riscv64"];
    const { status, stderr } = runVarve(["push", APP, ...absent, "-t", app, ...options]);
    expect(status).toBe(1);
    expect(stderr).toContain(`${index} has no image for linux/riscv64`);
    expect(stderr).toContain(`it has ${PLATFORM}, linux/s390x`);
    const other = runVarve(["push", APP, "--from", images[1]!, "-t", app, ...options]);
    expect(other.stderr).toContain(`is for linux/s390x, not for ${PLATFORM}`);
  });

  it("is not there, or nobody's business", async () => {
    const { options } = appStore();
    const gone = `${registry.host}/base:gone`;
    const unknown = runVarve(["build", APP, "--from", gone, "-o", `${folder}/x.tar`, ...options]);
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain(`there is no image ${gone}`);
    const closed = await startDockerRegistry({ users: { user: "secret-password" } });
    try {
      const denied = runVarve(
        ["build", APP, "--from", `${closed.host}/base:1`, "-o", `${folder}/x.tar`, ...options],
        { env: { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: "" } },
      );
      expect(denied.status).toBe(1);
      expect(denied.stderr).toContain("log in with an account");
    } finally {
      await closed.stop();
    }
    expect(fs.existsSync(`${folder}/x.tar`)).toBe(false);
  });

  it.skipIf(dockerdAbsent() !== undefined)("keeps its links to folders", async () => {
    const { root } = appStore();
    fs.mkdirSync(path.join(root, "files/bin"), { recursive: true });
    fs.writeFileSync(path.join(root, "files/bin/copied"), "#!/bin/sh\necho copied\n", {
      mode: 0o755,
    });
    const recipe = {
      name: "linked",
      base: `docker://${registry.host}/base:gzip`,
      contents: [
        {
          files: [
            { from: "files", to: "/" },
            { to: "/bin/made", content: "#!/bin/sh\necho made\n", mode: "0755" },
          ],
        },
      ],
      config: { Entrypoint: ["sh", "-c"], Cmd: ["ls -ld /bin; /bin/copied; /usr/bin/made"] },
    };
    const file = path.join(root, "varve.json");
    fs.writeFileSync(file, JSON.stringify(recipe));
    const cache = { env: { VARVE_CACHE_DIR: path.join(root, "cache") } };
    const engine = await startDockerd();
    try {
      const blob = `GET /v2/base/blobs/${manifestOf(`${registry.host}/base:gzip`).layers[0]!.digest}`;
      const fetched = (): number =>
        registry.requests().filter((request) => request.startsWith(blob)).length;
      const push = ["push", file, "-t", `${registry.host}/linked:1`];
      const before = fetched();
      expect(runVarve(push, cache).stderr).not.toContain("varve:");
      expect(runVarve([...push, "--no-cache"], cache).stderr).not.toContain("varve:");
      expect(fetched() - before).toBe(1);
      varve("load", file, "--host", engine.host);
      const printed = await engine.docker("run", "--rm", "--network=none", "linked:latest");
      expect(printed).toMatch(/^l.* \/bin -> usr\/bin\ncopied\nmade$/);
    } finally {
      await engine.stop();
    }
  });

  it.skipIf(dockerdAbsent() !== undefined)(
    "is not fetched again by who pulls what lies on it",
    async () => {
      const { root, options } = appStore();
      const [base, app] = ["base:gzip", "app:pulled"].map((name) => `${registry.host}/${name}`);
      varve("push", APP, "--from", base!, "-t", app!, ...options);
      const engine = await startDockerd();
      try {
        const cache = path.join(root, "pulling");
        const pull = (name: string): Finished =>
          runVarve(["pull", name, "--host", engine.host], { env: { VARVE_CACHE_DIR: cache } });
        expect(pull(app!).status).toBe(0);
        // A machine that does not know how long the base's layer is.
        fs.rmSync(cache, { recursive: true });
        varve("push", APP, "--from", base!, "-t", app!, "-e", "NEW=1", ...options);
        const before = registry.requests().length;
        const { status, stderr } = pull(app!);
        expect(status).toBe(0);
        expect(stderr).toMatch(/3 known/);
        const blob = manifestOf(base!).layers[0]!.digest;
        const fetched = registry.requests().slice(before);
        expect(fetched.filter((request) => request.includes(blob))).toEqual([]);
        expect(await engine.docker("image", "inspect", "--format={{.RepoTags}}", app!)).toBe(
          `[${app}]`,
        );
      } finally {
        await engine.stop();
      }
    },
  );

  it.skipIf(dockerdAbsent() !== undefined)("runs in Docker, below and above", async () => {
    const { root, options } = appStore();
    fs.writeFileSync(path.join(root, APP, "bin/app"), "#!/bin/sh\necho app on $SYSTEM in $PWD\n");
    const engine = await startDockerd();
    try {
      const base = `${registry.host}/base:zstd`;
      const load = ["load", APP, "--from", base, "-t", "app:1", "--host", engine.host];
      varve(...load, ...options);
      expect(await engine.docker("run", "--rm", "--network=none", "app:1")).toBe(
        "app on yes in /tmp",
      );
      const history = await engine.docker(
        "history",
        "--no-trunc",
        "--format={{.CreatedBy}}",
        "app:1",
      );
      expect(history).toContain("ADD root");
      expect(history).toContain("ENV SYSTEM=yes");
      const again = runVarve([...load, "-t", "app:2", ...options]);
      expect(again.status).toBe(0);
      // An engine's own image is a base, too.
      const out = path.join(root, "again.tar");
      const from = ["--from", "docker-daemon:app:1"];
      const built = runVarve(["build", APP, ...from, "-o", out, ...options], {
        env: { DOCKER_HOST: engine.host },
      });
      expect(built.stderr).not.toContain("varve:");
      expect(skopeo("inspect", `docker-archive:${out}`)).toContain("small");
    } finally {
      await engine.stop();
    }
  });
});

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeConf } from "../support/conf.ts";
import { startVarve } from "../support/run-varve.ts";
import { Cable } from "./support/cable.ts";
import { registryMissing, startDockerRegistry } from "./support/docker-registry.ts";
import type { DockerRegistry } from "./support/docker-registry.ts";

/**
 * Points at which a push is interrupted, by kill -9 and by cut cables each: some in an ordinary
 * run, `VARVE_POINTS=250` for the whole proof. It prints its figures.
 */
const POINTS = Number(process.env["VARVE_POINTS"] ?? 6);
/** Bytes of the layers' one file: several that are streamed, several that are short. */
const LAYERS = [5_000_000, 3_000_000, 2_500_000, 900_000, 200_000, 5_000];
/** Bytes of requests beside layers: their headers, the config, the manifest. */
const FRAMING = 60_000;

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A folder that not even root can make: nothing is remembered. */
const NO_CACHE = "/dev/null/cache";

const missing = registryMissing();

describe.skipIf(missing !== undefined)("an interrupted push", () => {
  let folder: string;
  let registry: DockerRegistry;
  let cable: Cable;
  let image: readonly string[];
  /** Of a push that nothing interrupts. */
  let whole: { readonly digest: string; readonly bytes: number; readonly seconds: number };
  let repositories = 0;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), "varve-test-"));
    const paths = LAYERS.map((_, index) => `/nix/store/${String(index).repeat(32)}-layer`);
    for (const [index, at] of paths.entries()) {
      fs.mkdirSync(path.join(folder, at), { recursive: true });
      fs.writeFileSync(path.join(folder, at, "noise"), randomBytes(LAYERS[index]!));
    }
    const conf = writeConf(folder, { store_layers: paths.map((at) => [at]) });
    image = ["--conf", conf, "--store-root", folder, "--quiet"];
    registry = await startDockerRegistry();
    cable = await Cable.to(registry.host);
    const repository = newRepository();
    cable.begin();
    const begun = performance.now();
    const { stderr } = await push(repository).finished;
    const seconds = (performance.now() - begun) / 1000;
    const found = await readBack(repository);
    if (found === undefined) throw new Error(`the first push failed: ${stderr}`);
    whole = { ...found, seconds };
    forget(repository);
  });

  afterAll(async () => {
    cable?.close();
    await registry?.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  });

  function newRepository(): string {
    repositories += 1;
    return `interrupted/r${repositories}`;
  }

  function push(
    repository: string,
    cache = NO_CACHE,
  ): { kill: () => void; finished: Promise<{ status: number | null; stderr: string }> } {
    const args = ["push", ...image, "-t", `${cable.host}/${repository}:1`];
    const child = startVarve(args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { VARVE_CACHE_DIR: cache },
    });
    const finished = Promise.all([text(child.stderr!), once(child, "close")]).then(
      ([stderr, [status]]) => ({ status: status as number | null, stderr }),
    );
    return { kill: () => child.kill("SIGKILL"), finished };
  }

  /** The image as the registry has it, every byte checked; undefined when there is no such tag. */
  async function readBack(
    repository: string,
  ): Promise<{ digest: string; bytes: number } | undefined> {
    const at = `http://${registry.host}/v2/${repository}`;
    const accept = "application/vnd.oci.image.manifest.v1+json";
    const answer = await fetch(`${at}/manifests/1`, { headers: { accept } });
    if (answer.status === 404) return undefined;
    const manifest = Buffer.from(await answer.arrayBuffer());
    const { config, layers } = JSON.parse(manifest.toString("utf8")) as Manifest;
    for (const { digest, size } of [config, ...layers]) {
      const blob = Buffer.from(await (await fetch(`${at}/blobs/${digest}`)).arrayBuffer());
      expect([digestOf(blob), blob.length]).toEqual([digest, size]);
    }
    const bytes = layers.reduce((sum, { size }) => sum + size, config.size);
    return { digest: digestOf(manifest), bytes };
  }

  /** What is left of uploads would fill the disk. */
  function forget(repository: string): void {
    const data = path.join(registry.folder, "data/docker/registry/v2/repositories");
    fs.rmSync(path.join(data, repository), { recursive: true, force: true });
  }

  it(`${POINTS} times by kill -9: a second run completes it`, { timeout: 3_600_000 }, async () => {
    const shares: Record<"remembering" | "fresh", number[]> = { remembering: [], fresh: [] };
    let interrupted = 0;
    for (let point = 0; point < POINTS; point += 1) {
      const repository = newRepository();
      const kind = point % 2 === 0 ? "remembering" : "fresh";
      const cache = kind === "fresh" ? undefined : path.join(folder, `cache-${point}`);
      const first = push(repository, cache);
      let timer: NodeJS.Timeout | undefined;
      // By what has been sent, and, for what happens before and between, by the clock.
      if (point % 4 < 3) {
        cable.begin({ at: Math.floor(Math.random() * whole.bytes), reached: first.kill });
      } else {
        cable.begin();
        timer = setTimeout(first.kill, Math.random() * whole.seconds * 1000);
      }
      const { status } = await first.finished;
      clearTimeout(timer);
      if (status === null) interrupted += 1;
      const between = await readBack(repository);
      if (between !== undefined) expect(between.digest).toBe(whole.digest);
      const second = await push(repository, cache).finished;
      expect(second).toEqual({ status: 0, stderr: "" });
      expect((await readBack(repository))?.digest).toBe(whole.digest);
      expect(cable.sent).toBeLessThanOrEqual(2 * (whole.bytes + FRAMING));
      shares[kind].push(cable.sent / whole.bytes);
      forget(repository);
      if (cache !== undefined) fs.rmSync(cache, { recursive: true, force: true });
    }
    console.log(`kill -9: ${interrupted} of ${POINTS} runs interrupted, each image whole after`);
    for (const [kind, list] of Object.entries(shares)) console.log(`${kind}: ${told(list)}`);
    expect(interrupted).toBeGreaterThan(POINTS / 2);
  });

  it(`${POINTS} times by cut cables: it completes by itself`, { timeout: 3_600_000 }, async () => {
    const shares: number[] = [];
    let cuts = 0;
    for (let point = 0; point < POINTS; point += 1) {
      const repository = newRepository();
      const places = Array.from({ length: 1 + (point % 3) }, () => ({
        at: Math.floor(Math.random() * whole.bytes),
        reached: (): void => {
          cuts += 1;
          cable.cut();
        },
      }));
      cable.begin(...places);
      expect(await push(repository).finished).toEqual({ status: 0, stderr: "" });
      expect((await readBack(repository))?.digest).toBe(whole.digest);
      expect(cable.sent).toBeLessThanOrEqual(2 * (whole.bytes + FRAMING));
      shares.push(cable.sent / whole.bytes);
      forget(repository);
    }
    console.log(`cut cables: ${cuts} cuts in ${POINTS} runs, each image whole; ${told(shares)}`);
    expect(cuts).toBeGreaterThanOrEqual(POINTS);
  });
});

function told(shares: readonly number[]): string {
  const sorted = shares.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${median.toFixed(2)} × the image's bytes sent (median), ${sorted.at(-1)?.toFixed(2)} × at most`;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

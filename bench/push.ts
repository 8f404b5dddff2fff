/**
 * Pushes the image of a dockerTools conf to a registry of this machine that has nothing, beside
 * skopeo with the finished archive, in turn; then once more, unchanged, with empty caches. Prints
 * medians. Needs docker-registry, skopeo, strace and GNU time.
 *
 *   node bench/push.ts CONF [RUNS]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import type { Pushed } from "../src/destinations/registry/push-run.ts";
import { count, formatBytes } from "../src/wording/format.ts";
import { startDockerRegistry } from "../test/peers/support/docker-registry.ts";

const VARVE = path.join(import.meta.dirname, "../bin/varve.mjs");
const [confFile, runsGiven = "3"] = process.argv.slice(2);
if (confFile === undefined) throw new Error("give the conf of an image");
const conf = confFile;
const runs = Number(runsGiven);
const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-bench-"));
const archive = path.join(folder, "image.tar");
const metadata = path.join(folder, "metadata.json");
const trace = path.join(folder, "trace");

interface Measured {
  /** By the clock. */
  readonly seconds: number;
  /** Of the processor, the registry's own left out. */
  readonly processor: number;
  /** Bytes of the image in the registry. */
  readonly stored: number;
}

interface Manifest {
  readonly layers: ReadonlyArray<{ readonly size: number }>;
}

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const env = { ...process.env, VARVE_CACHE_DIR: fs.mkdtempSync(path.join(folder, "cache-")) };
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, "close")]);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stderr;
}

async function timed(command: readonly string[], host: string): Promise<Measured> {
  const stderr = await run("/usr/bin/time", "-f", "%e %U %S", ...command);
  const [seconds = 0, user = 0, system = 0] = stderr
    .trim()
    .split("\n")
    .at(-1)!
    .split(" ")
    .map(Number);
  const accept =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
  const answer = await fetch(`http://${host}/v2/app/manifests/1`, { headers: { accept } });
  const { layers } = (await answer.json()) as Manifest;
  const stored = layers.reduce((sum, { size }) => sum + size, 0);
  return { seconds, processor: user + system, stored };
}

function varve(host: string, ...options: readonly string[]): string[] {
  const args = ["push", "--quiet", "--conf", conf, "-t", `${host}/app:1`];
  return [process.execPath, VARVE, ...args, "--metadata-file", metadata, ...options];
}

function skopeo(host: string, ...options: readonly string[]): string[] {
  const to = `docker://${host}/app:1`;
  return ["skopeo", "copy", "--dest-tls-verify=false", ...options, `docker-archive:${archive}`, to];
}

const SKOPEO_ZSTD = ["--dest-compress-format", "zstd", "--format", "oci"];
type Contender = (host: string) => readonly string[];
const contenders: ReadonlyArray<readonly [name: string, command: Contender]> = [
  ["first push, gzip: varve push", (host) => varve(host)],
  ["first push, gzip: skopeo copy", (host) => skopeo(host)],
  ["first push, zstd: varve push", (host) => varve(host, "--compression", "zstd")],
  ["first push, zstd: skopeo copy", (host) => skopeo(host, ...SKOPEO_ZSTD)],
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function show(name: string, results: readonly Measured[]): void {
  const seconds = median(results.map((result) => result.seconds)).toFixed(2);
  const processor = median(results.map((result) => result.processor)).toFixed(2);
  const stored = formatBytes(results[0]!.stored);
  console.log(
    `${name.padEnd(34)}${seconds.padStart(7)} s ${processor.padStart(7)} s CPU  ${stored}`,
  );
}

/** An unchanged push under strace: how many files below the layers' paths it opens. */
async function filesOpened(host: string): Promise<number> {
  await run("strace", "-f", "-qq", "-e", "trace=openat,open", "-o", trace, ...varve(host));
  const { store_layers: layers } = JSON.parse(fs.readFileSync(conf, "utf8")) as {
    store_layers: ReadonlyArray<readonly string[]>;
  };
  const paths = layers.flat();
  const opened = fs.readFileSync(trace, "utf8").split("\n");
  return opened.filter((line) => paths.some((at) => line.includes(`"${at}`))).length;
}

try {
  await run(process.execPath, VARVE, "build", "--quiet", "--conf", conf, "-o", archive);
  const results = contenders.map(() => [] as Measured[]);
  const unchanged: Measured[] = [];
  let sent = 0;
  let files = 0;
  for (let round = 0; round < runs; round += 1) {
    for (const [index, [, command]] of contenders.entries()) {
      const registry = await startDockerRegistry();
      try {
        results[index]!.push(await timed(command(registry.host), registry.host));
        if (index > 0) continue;
        for (let again = 0; again < 3; again += 1) {
          unchanged.push(await timed(varve(registry.host), registry.host));
          sent += (JSON.parse(fs.readFileSync(metadata, "utf8")) as Pushed).written;
        }
        files += await filesOpened(registry.host);
      } finally {
        await registry.stop();
      }
    }
  }
  const { layers, size } = JSON.parse(fs.readFileSync(metadata, "utf8")) as Pushed;
  console.log(
    `${count(layers.length, "layer")}, ${formatBytes(size)}; ${runs} runs in turn, medians`,
  );
  for (const [index, [name]] of contenders.entries()) show(name, results[index]!);
  show("unchanged, empty caches: varve push", unchanged);
  console.log(`unchanged: ${formatBytes(sent)} sent, ${count(files, "file")} of layers opened`);
} finally {
  fs.rmSync(folder, { recursive: true });
}

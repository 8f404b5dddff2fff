/**
 * Loads the image of a dockerTools conf into the Docker engine of DOCKER_HOST: unchanged, and with
 * another top layer of 100 kB each time; by varve load, and whole. In turn; prints medians.
 *
 *   DOCKER_HOST=unix://… node bench/load.ts CONF [RUNS]
 */
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { EngineDelivery } from "../src/destinations/engine/load-into-engine.ts";
import { count, formatBytes } from "../src/wording/format.ts";

const VARVE = path.join(import.meta.dirname, "../bin/varve.mjs");
const TOP_LAYER_BYTES = 100_000;
const [confFile, runsGiven = "5"] = process.argv.slice(2);
if (confFile === undefined) throw new Error("give the conf of an image");
const runs = Number(runsGiven);
const conf = JSON.parse(fs.readFileSync(confFile, "utf8")) as Record<string, unknown>;
const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-bench-"));
const metadata = path.join(folder, "metadata.json");

interface Measured {
  readonly seconds: number;
  readonly sent: number | undefined;
}

/** A conf whose topmost layer, the customisation layer, has never been seen before. */
function changedConf(): string {
  const layer = path.join(folder, "layer");
  fs.mkdirSync(path.join(layer, "content"), { recursive: true });
  fs.writeFileSync(path.join(layer, "content/app.js"), randomBytes(TOP_LAYER_BYTES));
  const tar = path.join(layer, "layer.tar");
  run("tar", ["-C", path.join(layer, "content"), "--mtime=@1", "-cf", tar, "."]);
  const hex = createHash("sha256").update(fs.readFileSync(tar)).digest("hex");
  fs.writeFileSync(path.join(layer, "checksum"), hex);
  const file = path.join(folder, "conf.json");
  fs.writeFileSync(file, JSON.stringify({ ...conf, customisation_layer: layer }));
  return file;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}

function measured(program: string, args: readonly string[]): number {
  const begun = performance.now();
  run(program, args);
  return (performance.now() - begun) / 1000;
}

function load(file: string, ...options: readonly string[]): Measured {
  const args = [VARVE, "load", "--quiet", "--conf", file, "--metadata-file", metadata, ...options];
  const seconds = measured(process.execPath, args);
  const { written } = JSON.parse(fs.readFileSync(metadata, "utf8")) as EngineDelivery;
  return { seconds, sent: written };
}

function throughDockerLoad(file: string): Measured {
  const stream = `${process.execPath} ${VARVE} stream --quiet --conf ${file} | docker load --quiet`;
  return { seconds: measured("sh", ["-c", stream]), sent: undefined };
}

const contenders: ReadonlyArray<readonly [name: string, once: () => Measured]> = [
  ["unchanged: varve load", () => load(confFile)],
  ["unchanged: varve load --full", () => load(confFile, "--full")],
  ["unchanged: varve stream | docker load", () => throughDockerLoad(confFile)],
  ["one layer changed: varve load", () => load(changedConf())],
  ["one layer changed: varve load --full", () => load(changedConf(), "--full")],
  ["one layer changed: varve stream | docker load", () => throughDockerLoad(changedConf())],
];

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

try {
  // The engine has the image, and varve's caches and the disk's are warm.
  load(confFile);
  const { layers, size } = JSON.parse(fs.readFileSync(metadata, "utf8")) as EngineDelivery;
  const results = contenders.map(() => [] as Measured[]);
  for (let round = 0; round < runs; round += 1) {
    load(confFile);
    for (const [index, [, once]] of contenders.entries()) results[index]!.push(once());
  }
  console.log(
    `${count(layers.length, "layer")}, ${formatBytes(size)}; ${runs} runs in turn, medians`,
  );
  for (const [index, [name]] of contenders.entries()) {
    const seconds = median(results[index]!.map((result) => result.seconds));
    const sent = results[index]!.map((result) => result.sent ?? size);
    const share = `${formatBytes(median(sent))} (${((100 * median(sent)) / size).toFixed(2)} %)`;
    console.log(`${name.padEnd(48)}${seconds.toFixed(2).padStart(6)} s  ${share}`);
  }
} finally {
  fs.rmSync(folder, { recursive: true });
}

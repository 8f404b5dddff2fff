/**
 * How cost grows with bytes, with files and with paths: measures, prints a table, and draws
 * docs/performance/*.svg. The large files are holes, which take no space on the disk.
 * With one run each it takes some minutes, most of them for bytes.
 *
 *   node bench/growth.ts [RUNS [bytes|files|paths]]
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Closure } from "../src/closure/closure.ts";
import { planLayers } from "../src/layering/strategies.ts";
import { writeConf } from "../test/support/conf.ts";
import { randomClosure } from "./support/random-closure.ts";
import { measured, median, VARVE } from "./support/measured.ts";
import { plot } from "./support/plot.ts";
import type { Series } from "./support/plot.ts";

const BYTES = [1e7, 3e7, 1e8, 3e8, 1e9, 3e9, 1e10];
const FILES = [1000, 3000, 10_000, 30_000, 100_000];
const PATHS = [100, 300, 1000, 3000, 10_000, 40_000];
/** Paths planned in all for one point, at least. */
const LEAST_PLANNED = 20_000;
const FILES_A_FOLDER = 1000;
const STORE_PATH = "/nix/store/00000000000000000000000000000000-content";
const OUTPUT = path.join(import.meta.dirname, "../docs/performance");

const runs = Number(process.argv[2] ?? 3);
const [, , , wanted = "bytes files paths"] = process.argv;
const root = fs.mkdtempSync(path.join(tmpdir(), "varve-bench-"));
const content = root + STORE_PATH;
const conf = writeConf(root, { store_layers: [[STORE_PATH]] });
const stream = `${process.execPath} ${VARVE} stream --quiet --conf ${conf} --store-root ${root} --no-cache >/dev/null`;

function streamed(what: string, count: number): { processor: number; memory: number } {
  const results = Array.from({ length: runs }, () => measured(stream));
  const processor = median(results.map((result) => result.processor));
  const memory = Math.max(...results.map((result) => result.memory));
  console.log(
    `${String(count).padStart(12)} ${what.padEnd(8)}${processor.toFixed(2).padStart(8)} s of processors${memory.toFixed(0).padStart(6)} MB`,
  );
  return { processor, memory };
}

function draw(name: string, title: string, x: string, y: string, ...series: Series[]): void {
  fs.mkdirSync(OUTPUT, { recursive: true });
  fs.writeFileSync(path.join(OUTPUT, `${name}.svg`), plot({ title, x, y, series }));
}

const memory: Array<[number, number]> = [];

function ofBytes(): Series {
  const points = BYTES.map((bytes): [number, number] => {
    fs.rmSync(content, { recursive: true, force: true });
    fs.mkdirSync(content, { recursive: true });
    fs.writeFileSync(`${content}/file`, "");
    fs.truncateSync(`${content}/file`, bytes);
    const result = streamed("bytes", bytes);
    memory.push([bytes, result.memory]);
    return [bytes, result.processor];
  });
  return { name: "varve stream, digest unknown", points };
}

function ofFiles(): Series {
  const points = FILES.map((count): [number, number] => {
    fs.rmSync(content, { recursive: true, force: true });
    for (let file = 0; file < count; file += 1) {
      const folder = `${content}/folder${Math.floor(file / FILES_A_FOLDER)}`;
      if (file % FILES_A_FOLDER === 0) fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(`${folder}/file${file}`, "x".repeat(1000));
    }
    return [count, streamed("files", count).processor];
  });
  return { name: "varve stream, files of 1 kB, digest unknown", points };
}

function ofPaths(strategy: string): Series {
  const points = PATHS.map((count): [number, number] => {
    const inputs = randomClosure(count, 10);
    // Of few paths only the later runs are as fast as the compiler makes them.
    const length = Math.max(runs, Math.ceil(LEAST_PLANNED / count));
    const times = Array.from({ length }, () => {
      const closure = Closure.of(inputs);
      const begun = process.cpuUsage();
      planLayers(closure, { maxLayers: 100, strategy });
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    });
    const least = Math.min(...times) / 1e6;
    console.log(
      `${String(count).padStart(12)} paths, ${strategy} ${least.toFixed(4).padStart(8)} s of processors`,
    );
    return [count, least];
  });
  return { name: strategy, points };
}

try {
  const seconds = "seconds of processors";
  if (wanted.includes("bytes")) {
    draw("bytes", "Cost grows with bytes", "bytes of one file", seconds, ofBytes());
    const peak = { name: "peak of varve stream", points: memory };
    draw("memory", "Memory does not grow", "bytes of one file", "MB", peak);
  }
  if (wanted.includes("files")) {
    draw("files", "Cost grows with files", "files", seconds, ofFiles());
  }
  if (wanted.includes("paths")) {
    const plans = ["auto-layer", "popularity-contest"].map(ofPaths);
    draw("paths", "Planning grows with paths", "store paths", seconds, ...plans);
  }
} finally {
  fs.rmSync(root, { recursive: true, force: true });
}

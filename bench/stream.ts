/**
 * Streams a closure beside GNU tar of the same paths, in turn, and prints medians and ratios.
 *
 *   node bench/stream.ts STORE_PATH... [RUNS]
 */
import { execFileSync, spawnSync } from "node:child_process";
import path from "node:path";

const VARVE = path.join(import.meta.dirname, "../bin/varve.mjs");
const args = process.argv.slice(2);
const runs = /^\d+$/.test(args.at(-1) ?? "") ? Number(args.pop()) : 5;
const paths = execFileSync("nix-store", ["--query", "--requisites", ...args], { encoding: "utf8" })
  .trim()
  .split("\n");

const roots = args.join(" ");
const all = paths.join(" ");
const varve = `${process.execPath} ${VARVE} stream --quiet ${roots}`;
const contenders: ReadonlyArray<readonly [name: string, command: string]> = [
  ["GNU tar | openssl sha256", `tar -c --sort=name -P ${all} | openssl dgst -sha256`],
  ["varve stream, digests unknown", `${varve} --no-cache >/dev/null`],
  ["varve stream, digests known", `${varve} >/dev/null`],
  ["GNU tar, to a pipe", `tar -c --sort=name -P ${all} | cat >/dev/null`],
  ["varve stream, digests known, to a pipe", `${varve} | cat >/dev/null`],
];

interface Measured {
  readonly seconds: number;
  /** Peak memory of the largest process, in MB. */
  readonly memory: number;
}

function measure(command: string): Measured {
  const begun = performance.now();
  const { stderr } = spawnSync("/usr/bin/time", ["-f", "%M", "sh", "-c", command], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  return {
    seconds: (performance.now() - begun) / 1000,
    memory: Number(stderr.trim().split("\n").at(-1)) / 1000,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

const results = contenders.map(() => [] as Measured[]);
for (let run = -1; run < runs; run += 1) {
  for (const [index, [, command]] of contenders.entries()) {
    const measured = measure(command);
    if (run >= 0) results[index]!.push(measured);
  }
}

console.log(`${paths.length} store paths, ${runs} runs of each in turn, medians`);
const first = median(results[0]!.map(({ seconds }) => seconds));
for (const [index, [name]] of contenders.entries()) {
  const seconds = median(results[index]!.map((measured) => measured.seconds));
  const memory = Math.max(...results[index]!.map((measured) => measured.memory));
  const ratio = (seconds / first).toFixed(2);
  console.log(
    `${name.padEnd(40)} ${seconds.toFixed(2).padStart(6)} s  ×${ratio}  ${memory.toFixed(0).padStart(4)} MB`,
  );
}

/**
 * The example's image as varve makes it, beside the layout of a usual multi-stage Dockerfile (slim
 * Debian with Node; `COPY node_modules`; `COPY .`), made of the same files: bytes of the compressed
 * layers, and bytes that are sent again after a change. Prints a table.
 *
 *   node bench/dockerfile-layout.ts
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { formatBytes } from "../src/wording/format.ts";

const VARVE = path.join(import.meta.dirname, "../bin/varve.mjs");
const EXAMPLE = path.join(import.meta.dirname, "../examples/redis-webserver");
/** What a slim Debian has that the server does not need: Debian's essential packages. */
const SLIM =
  "apt base-files base-passwd bash bsdutils coreutils dash debconf debian-archive-keyring debianutils diffutils " +
  "dpkg findutils gpgv grep gzip hostname init-system-helpers libc-bin login logsave mawk mount ncurses-base " +
  "ncurses-bin passwd perl-base sed sysvinit-utils tar tzdata usr-is-merged util-linux util-linux-extra tini ca-certificates";

interface Layer {
  /** What is in it. */
  readonly paths: readonly string[];
  /** Compressed, in bytes. */
  readonly size: number;
}

const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-bench-"));

/** A folder's image in a layout: its layers compressed as in a registry. */
function layersOf(cwd: string, name: string): Layer[] {
  const layout = path.join(folder, name);
  varve(cwd, "build", "--quiet", "-o", `oci:${layout}`);
  const { manifests } = readJson(layout, "index.json") as { manifests: Array<{ digest: string }> };
  const blob = path.join("blobs", manifests[0]!.digest.replace(":", "/"));
  const { layers } = readJson(layout, blob) as { layers: Array<{ size: number }> };
  const plan = JSON.parse(varve(cwd, "plan", "--json")) as { layers: Array<{ paths: string[] }> };
  return layers.map(({ size }, number) => ({ size, paths: plan.layers[number]!.paths }));
}

function readJson(...file: readonly string[]): unknown {
  return JSON.parse(fs.readFileSync(path.join(...file), "utf8"));
}

function varve(cwd: string, ...args: readonly string[]): string {
  return execFileSync(process.execPath, [VARVE, ...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
}

/** The same files as a Dockerfile lays them: a layer for the base, Node, the packages, the rest. */
function dockerfileProject(): string {
  const project = path.join(folder, "dockerfile");
  fs.cpSync(EXAMPLE, project, { recursive: true, verbatimSymlinks: true });
  fs.rmSync(path.join(project, "varve.config.ts"));
  fs.rmSync(path.join(project, "varve.lock"));
  const recipe = {
    name: "dockerfile",
    contents: [
      { debian: SLIM.split(" ") },
      { node: "24" },
      { files: { from: "node_modules", to: "/app/node_modules", include: ["**"], exclude: [] } },
      {
        files: [
          { from: "src", to: "/app/src" },
          { from: "package.json", to: "/app/package.json" },
        ],
      },
    ],
    layers: { max: 4 },
  };
  fs.writeFileSync(path.join(project, "varve.config.json"), JSON.stringify(recipe));
  return project;
}

function total(layers: readonly Layer[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

/** Bytes of the layers that have something of these. */
function sentFor(layers: readonly Layer[], ...changed: readonly RegExp[]): number {
  return total(
    layers.filter(({ paths }) => changed.some((one) => paths.some((each) => one.test(each)))),
  );
}

const fine = layersOf(EXAMPLE, "fine");
const coarse = layersOf(dockerfileProject(), "coarse");
const LIBRARY = /^debian:libc6@/;
const PACKAGE = /node_modules(?:\/pino@|$)/;
const APPLICATION = /^application:|\/app\/src$/;
const rows: Array<[string, number, number]> = [
  ["the whole image", total(coarse), total(fine)],
  ["a line of the application", sentFor(coarse, APPLICATION), sentFor(fine, APPLICATION)],
  [
    "a new version of pino",
    sentFor(coarse, PACKAGE, APPLICATION),
    sentFor(fine, PACKAGE, APPLICATION),
  ],
  ["a security update of libc6, alone", sentFor(coarse, LIBRARY), sentFor(fine, LIBRARY)],
  // A new base has `docker build` make all above it anew, with new dates.
  ["the same, and what lies above it", total(coarse), sentFor(fine, LIBRARY)],
];
console.log(`layers: ${coarse.length} and ${fine.length}\n`);
console.log("| sent | as a Dockerfile lays it | varve | |\n|---|---|---|---|");
for (const [what, usual, ours] of rows) {
  console.log(
    `| ${what} | ${formatBytes(usual)} | ${formatBytes(ours)} | ${((100 * ours) / usual).toFixed(1)} % |`,
  );
}
fs.rmSync(folder, { recursive: true });

/**
 * Makes the image of a dockerTools conf in every way, beside other programs that do the same job
 * with the same paths: all in turn, so that what else the machine does hits all alike. Prints
 * medians, and ratios to the first of each group. A program that is not installed is left out.
 *
 *   node bench/side-by-side.ts CONF [RUNS [PART OF A GROUP'S NAME]]
 */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { formatBytes } from "../src/wording/format.ts";
import { writeConf } from "../test/support/conf.ts";
import { measured, median, VARVE } from "./support/measured.ts";
import type { Measured } from "./support/measured.ts";

/** Files of 1 kB in the layer of many small files. */
const SMALL_FILES = Number(process.env["SMALL_FILES"] ?? 300_000);
const FILES_A_FOLDER = 1000;
const SMALL_PATH = "/nix/store/00000000000000000000000000000000-small-files";

const [confFile, runsGiven = "5", wanted = ""] = process.argv.slice(2);
if (confFile === undefined) throw new Error("give the conf of an image");
const conf = path.resolve(confFile);
const runs = Number(runsGiven);
const cores = availableParallelism();
const folder = fs.mkdtempSync(path.join(tmpdir(), "varve-bench-"));
const at = (name: string): string => path.join(folder, name);
const { store_layers: layers } = JSON.parse(fs.readFileSync(conf, "utf8")) as {
  store_layers: ReadonlyArray<readonly string[]>;
};

const list = at("paths");
fs.writeFileSync(list, `${layers.flat().join("\n")}\n`);
const tar = `tar -c --sort=name -P -T ${list}`;
const tarBytes = execFileSync("bash", ["-c", `${tar} 2>/dev/null | wc -c`], {
  encoding: "utf8",
}).trim();
const varve = (command: string): string =>
  `${process.execPath} ${VARVE} ${command} --quiet --conf ${conf}`;

interface Contender {
  readonly name: string;
  readonly program: string;
  readonly command: string;
  /** Whose size counts. */
  readonly output?: string;
}

interface Group {
  readonly name: string;
  readonly contenders: readonly Contender[];
  readonly prepare?: () => void;
}

const small = at("small");
const smallConf = at("conf.json");
const smallVarve = `${process.execPath} ${VARVE} stream --quiet --conf ${smallConf} --store-root ${small}`;
const smallTar = `tar -c --sort=name -C ${small} nix/store`;

const groups: readonly Group[] = [
  {
    name: "digests unknown",
    contenders: [
      {
        name: "SHA-256 of as many bytes, one core",
        program: "openssl",
        command: `head -c ${tarBytes} /dev/zero | openssl dgst -sha256`,
      },
      {
        name: "SHA-256 of as many bytes, all cores",
        program: "openssl",
        command: hashedOnAllCores(),
      },
      {
        name: "varve stream",
        program: "node",
        command: `${varve("stream")} --no-cache >/dev/null`,
      },
      {
        name: "varve stream, to a pipe",
        program: "node",
        command: `${varve("stream")} --no-cache | cat >/dev/null`,
      },
      { name: "GNU tar | openssl", program: "openssl", command: `${tar} | openssl dgst -sha256` },
    ],
  },
  {
    name: "digests known",
    contenders: [
      { name: "GNU tar | cat", program: "tar", command: `${tar} | cat >/dev/null` },
      {
        name: "varve stream | cat",
        program: "node",
        command: `${varve("stream")} | cat >/dev/null`,
      },
      {
        name: "bsdtar | cat",
        program: "bsdtar",
        command: `bsdtar -c -P -T ${list} | cat >/dev/null`,
      },
    ],
  },
  {
    name: "gzip",
    contenders: [
      {
        name: `GNU tar | pigz -p${cores}`,
        program: "pigz",
        command: `${tar} | pigz -p${cores} >${at("a.gz")}`,
        output: at("a.gz"),
      },
      {
        name: "varve build -o image.tar.gz",
        program: "node",
        command: `${varve("build")} -o ${at("b.tar.gz")}`,
        output: at("b.tar.gz"),
      },
    ],
  },
  {
    name: "zstd",
    contenders: [
      {
        name: `GNU tar | zstd -T${cores}`,
        program: "zstd",
        command: `${tar} | zstd -q -f -T${cores} -o ${at("a.zst")}`,
        output: at("a.zst"),
      },
      {
        name: "varve build -o image.tar.zst",
        program: "node",
        command: `${varve("build")} -o ${at("b.tar.zst")}`,
        output: at("b.tar.zst"),
      },
    ],
  },
  {
    name: "OCI layout",
    prepare: () => {
      measured(`${varve("build")} -o ${at("image.tar")}`);
    },
    contenders: [
      {
        name: "skopeo copy of the finished archive",
        program: "skopeo",
        command: `rm -rf ${at("a")}; skopeo copy -q docker-archive:${at("image.tar")} oci:${at("a")}:1`,
      },
      {
        name: "podman load of the finished archive",
        program: "podman",
        command: `podman --root ${at("podman")} --runroot ${at("podman-run")} --storage-driver vfs load -q -i ${at("image.tar")}; podman --root ${at("podman")} --runroot ${at("podman-run")} --storage-driver vfs system reset -f`,
      },
      {
        name: "varve build -o oci:, all new",
        program: "node",
        command: `rm -rf ${at("b")}; ${varve("build")} --no-cache -o oci:${at("b")}`,
      },
      {
        name: "varve build -o oci:, unchanged",
        program: "node",
        command: `${varve("build")} -o oci:${at("b")}`,
      },
    ],
  },
  {
    name: `many small files (${SMALL_FILES} of 1 kB)`,
    prepare: makeSmallFiles,
    contenders: [
      {
        name: "GNU tar | openssl",
        program: "openssl",
        command: `${smallTar} | openssl dgst -sha256`,
      },
      { name: "varve stream", program: "node", command: `${smallVarve} --no-cache >/dev/null` },
    ],
  },
];

/** As many bytes, a share for each core, with nothing to be read from a disk. */
function hashedOnAllCores(): string {
  const share = `head -c ${Math.ceil(Number(tarBytes) / cores)} /dev/zero | openssl dgst -sha256 &`;
  return `${`${share} `.repeat(cores)}wait`;
}

function makeSmallFiles(): void {
  writeConf(folder, { store_layers: [[SMALL_PATH]] });
  const content = Buffer.alloc(1000, "x");
  for (let file = 0; file < SMALL_FILES; file += 1) {
    const place = `${small}${SMALL_PATH}/folder${Math.floor(file / FILES_A_FOLDER)}`;
    if (file % FILES_A_FOLDER === 0) fs.mkdirSync(place, { recursive: true });
    fs.writeFileSync(`${place}/file${file}.js`, content);
  }
}

function has(program: string): boolean {
  return program === "node" || spawnSync("which", [program]).status === 0;
}

function row(cells: readonly string[]): string {
  const [first = "", ...others] = cells;
  return first.padEnd(40) + others.map((cell) => cell.padStart(11)).join("");
}

/** Varve's caches are its own, and warm after the first round, which does not count. */
const env = { VARVE_CACHE_DIR: at("cache") };

try {
  console.log(
    `${cores} cores, ${layers.flat().length} paths; ${runs} runs of each in turn, medians`,
  );
  for (const { name, prepare, contenders } of groups) {
    if (!name.includes(wanted)) continue;
    prepare?.();
    const present = contenders.filter(({ program }) => has(program));
    const results = present.map(() => [] as Measured[]);
    for (let round = -1; round < runs; round += 1) {
      for (const [index, { command }] of present.entries()) {
        const result = measured(command, env);
        if (round >= 0) results[index]!.push(result);
      }
    }
    console.log(`\n${row([name, "seconds", "ratio", "processor", "memory", "size"])}`);
    const first = median(results[0]!.map(({ seconds }) => seconds));
    for (const [index, contender] of present.entries()) {
      const of = (key: keyof Measured): number =>
        median(results[index]!.map((result) => result[key]));
      const { output } = contender;
      console.log(
        row([
          `  ${contender.name}`,
          of("seconds").toFixed(2),
          `× ${(of("seconds") / first).toFixed(2)}`,
          of("processor").toFixed(2),
          `${of("memory").toFixed(0)} MB`,
          output === undefined ? "" : formatBytes(fs.statSync(output).size),
        ]),
      );
    }
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

import * as process from "node:process";
import { UsageError } from "../../errors.ts";
import type { PlatformRules } from "./lockfile/lock.ts";

/** A platform in npm's words. */
export interface NodePlatform {
  /** As `process.platform` says it. */
  readonly os: string;
  /** As `process.arch` says it. */
  readonly cpu: string;
  readonly libc: "glibc" | "musl";
}

/** OCI's architectures (and variants) in Node's words (image-spec, "config"; Go's GOARCH). */
const CPUS: Readonly<Record<string, string>> = {
  amd64: "x64",
  arm64: "arm64",
  arm: "arm",
  "386": "ia32",
  ppc64le: "ppc64",
  s390x: "s390x",
  riscv64: "riscv64",
  loong64: "loong64",
};

/**
 * The platform of an image in npm's words.
 *
 * @param platform `linux/amd64`, `linux/arm64/v8`, …
 * @throws UsageError for a platform that Node has no name for
 */
export function nodePlatform(platform: string, libc: NodePlatform["libc"] = "glibc"): NodePlatform {
  const [os = "", architecture = ""] = platform.split("/");
  const cpu = CPUS[architecture];
  if (os !== "linux" || cpu === undefined) {
    throw new UsageError(`an image of a Node project cannot be made for ${platform}`, {
      hint: `platforms: ${Object.keys(CPUS)
        .map((name) => `linux/${name}`)
        .join(", ")}`,
    });
  }
  return { os, cpu, libc };
}

/** The platform of this machine. */
export function machinePlatform(): NodePlatform {
  // Node's report takes milliseconds, and there may be thousands of packages.
  machine ??= { os: process.platform, cpu: process.arch, libc: machineLibc() };
  return machine;
}

let machine: NodePlatform | undefined;

/** Node tells in its report which glibc it was linked to; there is none where the libc is another. */
function machineLibc(): NodePlatform["libc"] {
  if (process.platform !== "linux") return "glibc";
  // The types lack what keeps the report from looking up names of network peers, for seconds.
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  report.excludeNetwork = before ?? false;
  return header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}

/** Whether a package's `os`, `cpu` and `libc` allow a platform (npm's documentation, package.json). */
export function runsOn(rules: PlatformRules | undefined, platform: NodePlatform): boolean {
  if (rules === undefined) return true;
  return (
    allows(rules.os, platform.os) &&
    allows(rules.cpu, platform.cpu) &&
    (platform.os !== "linux" || allows(rules.libc, platform.libc))
  );
}

function allows(list: readonly string[] | string | undefined, value: string): boolean {
  if (list === undefined) return true;
  const rules = typeof list === "string" ? [list] : list;
  if (rules.includes(`!${value}`)) return false;
  const wanted = rules.filter((rule) => !rule.startsWith("!"));
  return wanted.length === 0 || wanted.includes("any") || wanted.includes(value);
}

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const SOURCE = path.join(import.meta.dirname, "../../../src");

/** Compresses so much in a process of its own, and prints its peak of memory in MiB. */
function script(codec: string, mebibytes: number): string {
  return `
    import { compress } from ${JSON.stringify(path.join(SOURCE, "packing/codec/compress.ts"))};
    import { Compressor } from ${JSON.stringify(path.join(SOURCE, "packing/codec/compressor.ts"))};
    const chunk = Buffer.alloc(1 << 20);
    for (let at = 0, state = 7; at < chunk.length; at += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      chunk.writeUInt32LE(at % 64 < 32 ? at % 977 : state, at);
    }
    async function* source() {
      for (let turn = 0; turn < ${mebibytes}; turn += 1) yield chunk;
    }
    const compressor = new Compressor(2);
    for await (const _ of compress(source(), ${JSON.stringify(codec)}, compressor, { level: 1, lent: true }));
    console.log(process.resourceUsage().maxRSS >> 10);`;
}

function peakOf(codec: string, mebibytes: number): number {
  const file = path.join(temporaryFolder(), "script.mjs");
  fs.writeFileSync(file, script(codec, mebibytes));
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
  expect(stderr).toBe("");
  return Number(stdout);
}

// What zlib makes is garbage that V8 takes for small: kept until it is collected, it is 100 MB.
it.each(["gzip", "zstd"])(
  "%s: memory does not grow with what is compressed",
  (codec) => {
    const little = peakOf(codec, 8);
    expect(little).toBeGreaterThan(20);
    expect(peakOf(codec, 96) - little).toBeLessThan(24);
  },
  120_000,
);

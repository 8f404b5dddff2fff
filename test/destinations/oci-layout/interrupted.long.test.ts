import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import path from "node:path";
import { expect, it } from "vitest";
import { deliverToLayout } from "../../../src/destinations/oci-layout/deliver-to-layout.ts";
import { parseReference } from "../../../src/image/reference.ts";
import { OciLayout } from "../../../src/oci-layout/oci-layout.ts";
import { markOf } from "../../../src/io/process-mark.ts";
import { reachableFrom } from "../../../src/oci-layout/reachable.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { memoryImage, memoryLayers } from "../support/memory-image.ts";

const NAME = [parseReference("app:1.0")];

/** Everything that changes something in the file system. */
const CHANGING = [
  "mkdirSync",
  "renameSync",
  "writeFileSync",
  "linkSync",
  "copyFileSync",
  "rmSync",
] as const;
type AnyCall = (...args: unknown[]) => unknown;

/**
 * Runs work as if the process were killed before it changes the file system for the `last` time:
 * from then on every change fails, also those that would tidy up.
 *
 * @returns whether it was killed
 */
async function killedAt(last: number, work: () => Promise<unknown>): Promise<boolean> {
  let step = 0;
  const die = (): void => {
    step += 1;
    if (step >= last) throw new Error("killed");
  };
  const originals = new Map<string, AnyCall>();
  const patch = (name: string, around: (call: AnyCall) => AnyCall): void => {
    const methods = fs as unknown as Record<string, AnyCall>;
    originals.set(name, methods[name]!);
    methods[name] = around(methods[name]!);
  };
  for (const name of CHANGING) {
    patch(name, (call) => (...args) => {
      die();
      return call(...args);
    });
  }
  patch("openSync", (call) => (...args) => {
    if (args[1] !== "r") die();
    return call(...args);
  });
  patch("write", (call) => (...args) => {
    try {
      die();
    } catch (error) {
      (args.at(-1) as (error: unknown) => void)(error);
      return;
    }
    call(...args);
  });
  syncBuiltinESMExports();
  try {
    await work();
    return false;
  } catch (error) {
    expect(String(error)).toContain("killed");
    return true;
  } finally {
    Object.assign(fs, Object.fromEntries(originals));
    syncBuiltinESMExports();
  }
}

/** The lock is that of a process which is no more. */
function forgetHolder(folder: string): void {
  const lock = path.join(folder, ".index.json.lock");
  const dead = spawnSync("true").pid;
  if (fs.existsSync(lock)) fs.writeFileSync(lock, markOf(dead));
}

function nobody(): never {
  throw new Error("nothing is compressed");
}

function deliver(folder: string, contents: readonly string[]): Promise<{ digest: string }> {
  const image = memoryImage(memoryLayers(contents));
  return deliverToLayout(image, NAME, OciLayout.create(folder), {
    compression: "none",
    compressor: nobody,
    learn: true,
    version: "",
    report: () => undefined,
  });
}

it("a layout is whole wherever its writer was killed, and the next one finishes", async () => {
  const before = ["base", "app 1"];
  const after = ["base", "app 2"];
  const root = temporaryFolder();
  let killed = true;
  for (let step = 1; killed; step += 1) {
    const isUpdate = step % 2 === 0;
    const folder = path.join(root, String(step));
    const old = isUpdate ? (await deliver(folder, before)).digest : undefined;
    killed = await killedAt(Math.ceil(step / 2), () => deliver(folder, after));
    forgetHolder(folder);
    if (isUpdate) {
      const layout = OciLayout.open(folder);
      const now = await layout.readManifest("1.0");
      for (const digest of await reachableFrom(layout, [now!])) {
        expect(await layout.readBlob(digest)).toBeDefined();
      }
      if (killed) expect(now?.digest).toBe(old);
    }
    const { digest } = await deliver(folder, after);
    const layout = OciLayout.open(folder);
    expect((await layout.readManifest("1.0"))?.digest).toBe(digest);
    for (const each of await reachableFrom(layout, [{ digest }])) {
      expect(await layout.readBlob(each)).toBeDefined();
    }
    expect(step).toBeLessThan(200);
  }
});

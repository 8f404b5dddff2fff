import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { withLock } from "../../src/oci-layout/index-lock.ts";
import { markOf } from "../../src/io/process-mark.ts";
import { OciLayout } from "../../src/oci-layout/oci-layout.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const MODULE = path.join(import.meta.dirname, "../../src/oci-layout/oci-layout.ts");

function freshLock(): string {
  return path.join(temporaryFolder(), "lock");
}

/** The number of a process that has ended. */
async function deadProcess(): Promise<number> {
  const child = spawn("true");
  await once(child, "close");
  return child.pid!;
}

function failing(): never {
  throw new Error("no");
}

describe("a lock", () => {
  it("is gone after the work, whatever came of it", async () => {
    const lock = freshLock();
    expect(await withLock(lock, () => 1)).toBe(1);
    await expect(withLock(lock, failing)).rejects.toThrow("no");
    expect(fs.existsSync(lock)).toBe(false);
  });

  it("of a dead process is taken over at once", async () => {
    const lock = freshLock();
    fs.writeFileSync(lock, markOf(await deadProcess()));
    const began = performance.now();
    expect(await withLock(lock, () => "done")).toBe("done");
    expect(performance.now() - began).toBeLessThan(1000);
  });

  it.each([
    ["of another machine", "0123456789ab-1"],
    ["that nobody has signed", ""],
  ])("%s is taken over when it is old", async (_, text) => {
    const lock = freshLock();
    fs.writeFileSync(lock, text);
    fs.utimesSync(lock, new Date(0), new Date(0));
    expect(await withLock(lock, () => "done")).toBe("done");
  });

  it("of a living process is waited for", async () => {
    const lock = freshLock();
    fs.writeFileSync(lock, markOf());
    const order: string[] = [];
    const waiting = withLock(lock, () => order.push("mine"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push("theirs");
    fs.rmSync(lock);
    await waiting;
    expect(order).toEqual(["theirs", "mine"]);
  });
});

describe("processes that name images at the same time", () => {
  it("lose none of each other's names", async () => {
    const folder = path.join(temporaryFolder(), "layout");
    const script = `
      import { OciLayout } from ${JSON.stringify(MODULE)};
      const layout = OciLayout.create(${JSON.stringify(folder)});
      const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
      for (let i = 0; i < 8; i += 1) {
        await layout.putManifest(process.argv[1] + "-" + i, bytes, "application/vnd.oci.image.index.v1+json");
      }
    `;
    const processes = ["a", "b", "c"].map((name) =>
      spawn(process.execPath, ["--input-type=module", "-e", script, name], { stdio: "inherit" }),
    );
    const codes = await Promise.all(processes.map((child) => once(child, "close")));
    expect(codes).toEqual([
      [0, null],
      [0, null],
      [0, null],
    ]);
    const expected = ["a", "b", "c"].flatMap((name) =>
      Array.from({ length: 8 }, (_, index) => `${name}-${index}`),
    );
    expect(OciLayout.open(folder).names().toSorted()).toEqual(expected);
  });
});

import * as fs from "node:fs";
import { storeLayer } from "../../assembly/store-layers.ts";
import { fileReasonOf, VarveError } from "../../errors.ts";
import { parseTimestamp } from "../../image/timestamp.ts";
import { parsePlan } from "../../layering/plan.ts";
import type { DigestFlags } from "../commands/digest.ts";
import type { VarveContext } from "../context.ts";
import { inSession } from "../session.ts";
import { openStoreView } from "../store-view.ts";

export async function digest(this: VarveContext, flags: DigestFlags): Promise<void> {
  const plan = parsePlan(readPlan(flags.plan), flags.plan === "-" ? "standard input" : flags.plan);
  const common = {
    uid: flags.uid ?? 0,
    gid: flags.gid ?? 0,
    uname: flags.uname ?? "root",
    gname: flags.gname ?? "root",
    mtime: parseTimestamp(flags.mtime ?? "1970-01-01T00:00:01Z", "--mtime").seconds,
  };
  const layers = await inSession(flags, async (session) => {
    const store = await openStoreView(
      plan.layers.flatMap(({ paths }) => paths),
      { storeRoot: flags.storeRoot },
    );
    return Promise.all(
      plan.layers.map(async (planned) => {
        const { diffId, size } = await storeLayer(
          planned,
          common,
          store,
          session.packer,
        ).identity();
        return { diffId, size };
      }),
    );
  });
  this.process.stdout.write(
    flags.json
      ? `${JSON.stringify({ layers })}\n`
      : layers.map(({ diffId, size }) => `${diffId} ${size}\n`).join(""),
  );
}

function readPlan(file: string): string {
  try {
    return fs.readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new VarveError("PLAN_UNREADABLE", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
      hint: "--plan takes a file that varve plan --json has written",
    });
  }
}

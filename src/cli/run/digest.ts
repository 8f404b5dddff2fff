import * as fs from "node:fs";
import { imageFromConf } from "../../assembly/from-conf.ts";
import { storeLayer } from "../../assembly/store-layers.ts";
import { fileReasonOf, UsageError, VarveError } from "../../errors.ts";
import type { Layer, LayerIdentity } from "../../image/layer.ts";
import { parseTimestamp } from "../../image/timestamp.ts";
import { parsePlan } from "../../layering/plan.ts";
import { readConf, storePathsOf } from "../../recipe/dockertools-conf.ts";
import type { VarveContext } from "../context.ts";
import type { WorkFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import { openStoreView, placeOf } from "../sources/store-view.ts";

export interface DigestFlags extends WorkFlags {
  readonly plan?: string;
  readonly conf?: string;
  readonly json: boolean;
  readonly storeRoot?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly uname?: string;
  readonly gname?: string;
  readonly mtime?: string;
}

export async function digest(this: VarveContext, flags: DigestFlags): Promise<void> {
  const { plan, conf } = flags;
  if ((plan === undefined) === (conf === undefined)) {
    throw new UsageError("varve digest takes either --plan or --conf", {
      hint: "--plan FILE as varve plan --json prints it, or --conf FILE as Nix makes it",
    });
  }
  const layers = await inSession(
    flags,
    async (session) =>
      plan === undefined ? ofConf(conf!, flags, session) : ofPlan(plan, flags, session),
    // Most digests are known, or all.
    { warmUp: false },
  );
  this.process.stdout.write(
    flags.json
      ? `${JSON.stringify({ layers })}\n`
      : layers.map(({ diffId, size }) => `${diffId} ${size}\n`).join(""),
  );
}

type Digest = Pick<LayerIdentity, "diffId" | "size">;

async function ofPlan(file: string, flags: DigestFlags, session: Session): Promise<Digest[]> {
  const plan = parsePlan(readPlan(file), file === "-" ? "standard input" : file);
  const common = {
    uid: flags.uid ?? 0,
    gid: flags.gid ?? 0,
    uname: flags.uname ?? "root",
    gname: flags.gname ?? "root",
    mtime: parseTimestamp(flags.mtime ?? "1970-01-01T00:00:01Z", "--mtime").seconds,
  };
  const store = await openStoreView(
    plan.layers.flatMap(({ paths }) => paths),
    { storeRoot: flags.storeRoot },
  );
  return digestsOf(
    plan.layers.map((planned) => storeLayer(planned, common, store, session.packer)),
  );
}

/** Of the conf's own layers; its base's are said by the base. */
async function ofConf(file: string, flags: DigestFlags, session: Session): Promise<Digest[]> {
  const decided = (["uid", "gid", "uname", "gname", "mtime"] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (decided !== undefined) {
    throw new UsageError(`--${decided} cannot change an image that Nix describes`);
  }
  const { storeRoot } = flags;
  const conf = readConf(placeOf(file, storeRoot));
  const storeOptions = { storeRoot, storeDir: conf.store_dir };
  const store = await openStoreView(storePathsOf(conf), storeOptions);
  const alone = { ...conf, from_image: null };
  const { image } = await imageFromConf(alone, session.packer, store);
  return digestsOf(image.layers);
}

function digestsOf(layers: readonly Layer[]): Promise<Digest[]> {
  return Promise.all(
    layers.map(async (layer) => {
      const { diffId, size } = await layer.identity();
      return { diffId, size };
    }),
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

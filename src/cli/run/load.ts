import { loadIntoEngine } from "../../destinations/engine/load-into-engine.ts";
import { planLoad } from "../../destinations/engine/load-plan.ts";
import type { LoadPlan } from "../../destinations/engine/load-plan.ts";
import { existingLayer } from "../../destinations/layers/existing-layer.ts";
import { connectEngine } from "../../engine/client.ts";
import type { EngineClient } from "../../engine/client.ts";
import type { Image } from "../../image/image.ts";
import { familiarName } from "../../image/reference.ts";
import { runCommand } from "../../image/run-command.ts";
import { count, formatBytes, nameSome } from "../../wording/format.ts";
import type { VarveContext } from "../context.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import { inSession } from "../session.ts";
import type { Session } from "../session.ts";
import type { NamedImage } from "../sources/named-image.ts";
import { openImage } from "../sources/open-image.ts";
import { refuseNameless } from "../sources/refuse-nameless.ts";
import { flagsForOne, targetsOf } from "../sources/targets.ts";
import type { LoadRequest } from "../watch/watch-loads.ts";

export interface LoadFlags extends LoadRequest {
  readonly host?: string;
  readonly context?: string;
  readonly watch: boolean;
}

const NAMES_SHOWN = 3;

/** Asks for the engine first: nothing is built for an engine that is not there. */
export async function load(
  this: VarveContext,
  flags: LoadFlags,
  ...sources: string[]
): Promise<void> {
  const client = await connectEngine({ host: flags.host, context: flags.context });
  // Its answer comes while the image is described.
  client.info().catch(() => undefined);
  try {
    if (flags.watch) {
      const { watchLoads } = await import("../watch/watch-loads.ts");
      await watchLoads(flags, sources, client, (line) => this.process.stdout.write(`${line}\n`));
      return;
    }
    const targets = await targetsOf(flags, sources);
    const work = async (session: Session): Promise<string[]> => {
      if (mayHaveChanged(flags)) session.expectWork();
      const lines: string[] = [];
      for (const target of targets) {
        const opened = await openImage(flagsForOne(flags, target), sources, session);
        try {
          refuseNameless(opened);
          const told = flags.dryRun
            ? await rehearse(opened, client, flags)
            : await deliver(opened, client, flags, session);
          lines.push(...told);
        } finally {
          opened.close();
        }
      }
      return lines;
    };
    // An image that the engine has needs no worker.
    const lines = await inSession(flags, work, { warmUp: false });
    this.process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  } finally {
    client.close();
  }
}

/** Whether an image's own files may be others than last time: those of a store never are. */
function mayHaveChanged({ conf, graph, dryRun }: LoadFlags): boolean {
  return conf === undefined && graph === undefined && !dryRun;
}

async function deliver(
  { image, references }: NamedImage,
  client: EngineClient,
  flags: LoadFlags,
  session: Session,
): Promise<string[]> {
  const { full } = flags;
  const delivery = await loadIntoEngine(image, references, client, session.report, { full });
  if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, delivery);
  const [name = ""] = delivery.references;
  return [
    ...delivery.references.map((reference) => `Loaded ${reference}`),
    `Run it: ${runCommand(clientFor(flags), name, image.runtime)}`,
  ];
}

async function rehearse(
  { image, references }: NamedImage,
  client: EngineClient,
  { full }: LoadFlags,
): Promise<string[]> {
  const plan = await planLoad(image, references, client, { full });
  // A base's layer is not fetched for a rehearsal: its blob's length is told, if no other is known.
  const sizes = await Promise.all(
    image.layers.map(async (layer) => existingLayer(layer, "none")?.size ?? layer.size()),
  );
  const missing = [...image.layers.keys()].filter((index) => !plan.known.has(index));
  const sum = (indices: Iterable<number>): string =>
    formatBytes([...indices].reduce((total, index) => total + sizes[index]!, 0));
  return [
    ...references.map((reference) => `${familiarName(reference)} would be loaded`),
    `${WOULD[plan.way]}: ${missing.length} of ${count(sizes.length, "layer")}, ${sum(missing)} of ${sum(sizes.keys())}`,
    ...missing.map((index) => layerLine(image, index, sizes[index]!)),
  ];
}

const WOULD: Readonly<Record<LoadPlan["way"], string>> = {
  unchanged: "the engine has it already; would send nothing",
  tagged: "the engine has it under another name; would send nothing",
  partial: "the engine has some layers; would send",
  whole: "would send the whole image",
};

function layerLine(image: Image, index: number, size: number): string {
  const position = `${index + 1}/${image.layers.length}`.padStart(7);
  return `${position} ${formatBytes(size).padStart(8)}  ${nameSome(image.layers[index]!.paths, NAMES_SHOWN)}`;
}

function clientFor(flags: LoadFlags): string {
  if (flags.host !== undefined) return `docker -H ${flags.host}`;
  return flags.context === undefined ? "docker" : `docker --context ${flags.context}`;
}

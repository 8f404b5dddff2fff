import { loadIntoEngine } from "../../destinations/engine/load-into-engine.ts";
import type { EngineDelivery } from "../../destinations/engine/load-into-engine.ts";
import type { EngineClient } from "../../engine/client.ts";
import { UsageError } from "../../errors.ts";
import { watchFiles } from "../../sources/files/watch.ts";
import { count, formatBytes } from "../../wording/format.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import type { ConnectionFlags, ImageFlags, WorkFlags } from "../flags.ts";
import { errorText } from "../report-error.ts";
import { inSession } from "../session.ts";
import { openImage } from "../sources/open-image.ts";
import { refuseNameless } from "../sources/refuse-nameless.ts";
import { flagsForOne, targetsOf } from "../sources/targets.ts";
import { ScriptOutputs } from "./script-outputs.ts";

/** What is loaded, and how; where to is decided already. */
export interface LoadRequest extends ImageFlags, WorkFlags, ConnectionFlags {
  readonly metadataFile?: string;
  readonly full: boolean;
  readonly dryRun: boolean;
}

/** Its seconds count from when the sources were looked at. */
type TimedDelivery = EngineDelivery;

/** What was loaded, and what has to be watched for the next time. */
interface Loaded {
  readonly deliveries: readonly TimedDelivery[];
  readonly places: readonly string[];
  readonly ranScripts: boolean;
}

/**
 * Loads images, and loads them again whenever something changes, until the process is interrupted.
 * What is wrong in between is told, and the next change is waited for.
 *
 * @param say prints a line for a person
 * @throws what the first load throws, and VarveError `WATCH_LIMIT`
 */
export async function watchLoads(
  flags: LoadRequest,
  sources: readonly string[],
  client: EngineClient,
  say: (line: string) => void,
): Promise<never> {
  if (flags.dryRun) {
    throw new UsageError("--watch and --dry-run contradict each other", {
      hint: "give one of them",
    });
  }
  let begun = Date.now();
  let last = await loadOnce(flags, sources, client);
  tell(last, say);
  say(`Watching ${count(last.places.length, "place")}`);
  // Later loads are told in a line each.
  const quiet = { ...flags, quiet: true };
  const again = async (): Promise<void> => {
    begun = Date.now();
    try {
      const now = await loadOnce(quiet, sources, client);
      tell({ ...now, deliveries: now.deliveries.filter(hasChanged) }, say);
      last = now;
    } catch (error) {
      process.stderr.write(`${errorText(error, flags.debug)}\n`);
    }
  };
  const outputs = new ScriptOutputs();
  for (;;) {
    const { places } = last;
    const ended = new AbortController();
    const changes = watchFiles(places, { signal: ended.signal });
    let next = nextOf(changes);
    // Something may have changed before it was watched, or while scripts were running.
    const isCurrent = last.ranScripts && !outputs.areOthersWritten(places, begun);
    if (!isCurrent) await again();
    let mustLookAgain = last.ranScripts && !isCurrent;
    while (isSame(places, last.places) && !mustLookAgain) {
      await next;
      next = nextOf(changes);
      await again();
      // What scripts have written is no change of the user's.
      mustLookAgain = last.ranScripts;
    }
    ended.abort();
    await next;
  }
}

/** It may fail while something else is waited for, and is looked at afterwards. */
function nextOf<Item>(items: AsyncIterator<Item>): Promise<IteratorResult<Item>> {
  const next = items.next();
  next.catch(() => undefined);
  return next;
}

async function loadOnce(
  flags: LoadRequest,
  sources: readonly string[],
  client: EngineClient,
): Promise<Loaded> {
  const targets = await targetsOf(flags, sources);
  const loaded = await inSession(
    flags,
    async (session) => {
      const deliveries: TimedDelivery[] = [];
      const places = new Set<string>();
      let ranScripts = false;
      for (const target of targets) {
        const begun = performance.now();
        const opened = await openImage(flagsForOne(flags, target), sources, session);
        try {
          refuseNameless(opened);
          for (const place of opened.places ?? []) places.add(place);
          ranScripts ||= opened.ranScripts === true;
          const { image, references } = opened;
          const { full } = flags;
          const delivery = await loadIntoEngine(image, references, client, session.report, {
            full,
          });
          deliveries.push({ ...delivery, seconds: (performance.now() - begun) / 1000 });
        } finally {
          opened.close();
        }
      }
      return { deliveries, places: [...places].toSorted(), ranScripts };
    },
    { warmUp: false },
  );
  const { deliveries } = loaded;
  if (flags.metadataFile !== undefined) {
    await writeMetadata(flags.metadataFile, deliveries.length === 1 ? deliveries[0]! : deliveries);
  }
  return loaded;
}

function tell({ deliveries }: Loaded, say: (line: string) => void): void {
  for (const { references, written, seconds, engine } of deliveries) {
    const all = engine.layersSent + engine.layersKnown;
    const sent = `${formatBytes(written)} in ${engine.layersSent} of ${count(all, "layer")}`;
    say(`Loaded ${references.join(", ")}: ${sent}, ${seconds.toFixed(2)} s`);
  }
}

function hasChanged({ engine }: EngineDelivery): boolean {
  return engine.way !== "unchanged";
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

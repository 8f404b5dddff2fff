import { loadIntoEngine } from "../../destinations/load-into-engine.ts";
import { connectEngine } from "../../engine/client.ts";
import { UsageError } from "../../errors.ts";
import { runCommand } from "../../image/run-command.ts";
import type { LoadFlags } from "../commands/load.ts";
import type { VarveContext } from "../context.ts";
import { writeMetadata } from "../metadata-file.ts";
import { openImage } from "../open-image.ts";
import { inSession } from "../session.ts";

/** Asks for the engine first: nothing is built for an engine that is not there. */
export async function load(
  this: VarveContext,
  flags: LoadFlags,
  ...sources: string[]
): Promise<void> {
  const client = await connectEngine({ host: flags.host, context: flags.context });
  try {
    const { delivery, runtime } = await inSession(flags, async (session) => {
      const opened = await openImage(flags, sources, session);
      try {
        if (opened.references.length === 0) {
          throw new UsageError("the image has no name to be loaded under", {
            hint: "give one: -t NAME:TAG",
          });
        }
        const { image, references } = opened;
        return {
          delivery: await loadIntoEngine(image, references, client, session.report),
          runtime: image.runtime,
        };
      } finally {
        opened.close();
      }
    });
    if (flags.metadataFile !== undefined) await writeMetadata(flags.metadataFile, delivery);
    const [name = ""] = delivery.references;
    const { process } = this;
    for (const reference of delivery.references) process.stdout.write(`Loaded ${reference}\n`);
    process.stdout.write(`Run it: ${runCommand(clientFor(flags), name, runtime)}\n`);
  } finally {
    client.close();
  }
}

function clientFor(flags: LoadFlags): string {
  if (flags.host !== undefined) return `docker -H ${flags.host}`;
  return flags.context === undefined ? "docker" : `docker --context ${flags.context}`;
}

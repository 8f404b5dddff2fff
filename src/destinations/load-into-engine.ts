import { archiveBytes } from "../archives/docker-archive.ts";
import type { EngineClient } from "../engine/client.ts";
import { VarveError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { familiarName } from "../image/reference.ts";
import type { Reference } from "../image/reference.ts";
import type { ReportProgress } from "../progress/events.ts";
import { deliverArchive } from "./delivery.ts";
import type { Delivery } from "./delivery.ts";

/**
 * Loads an image into a Docker engine, whole, and makes sure that it is there under its names.
 *
 * @throws VarveError of the engine's, or `ENGINE_UNVERIFIED` when it says yes and lacks the image
 */
export async function loadIntoEngine(
  image: Image,
  references: readonly Reference[],
  client: EngineClient,
  report: ReportProgress,
): Promise<Delivery> {
  const delivery = await deliverArchive(image, references, report, async (parts) => {
    let written = 0;
    await client.loadImage(
      counted(archiveBytes(parts), (bytes) => {
        written += bytes;
        report({ kind: "bytes", written });
      }),
    );
    return written;
  });
  for (const name of references.map(familiarName)) await verify(client, name, delivery);
  return delivery;
}

/** The image ID differs by image store; the layers' diffIDs do not. */
async function verify(client: EngineClient, name: string, delivery: Delivery): Promise<void> {
  const loaded = await client.inspectImage(name);
  const expected = delivery.layers.map(({ diffId }) => diffId);
  if (loaded !== undefined && loaded.diffIds.join() === expected.join()) return;
  throw new VarveError(
    "ENGINE_UNVERIFIED",
    loaded === undefined
      ? `the engine says that it has loaded ${name}, but does not have it`
      : `the engine has other layers for ${name} than were sent`,
    { hint: "somebody else may have loaded or removed an image of that name; load it again" },
  );
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  add: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    yield chunk;
    add(chunk.length);
  }
}

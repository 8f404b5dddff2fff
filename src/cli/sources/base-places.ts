import type { ImageAtOptions } from "../../assembly/image-at.ts";
import { DigestStore } from "../../packing/digest-store.ts";
import { LayerSizes } from "../../packing/layer-sizes.ts";
import type { Announcer } from "../announcer.ts";
import { connectionOf } from "../connection.ts";
import type { ConnectionFlags, EngineFlags } from "../flags.ts";

/** How base images are reached: as the command line says, as far as the command has words for it. */
export function basePlaces(
  flags: Partial<ConnectionFlags & EngineFlags>,
  announcer: Announcer,
): ImageAtOptions {
  return {
    registry: {
      ...connectionOf({ plainHttp: false, ...flags }),
      note: (message) => {
        announcer.note(message);
      },
    },
    engine: { host: flags.host, context: flags.context },
    sizes: new LayerSizes(new DigestStore()),
  };
}

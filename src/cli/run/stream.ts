import type { VarveContext } from "../context.ts";
import { buildArchive } from "../delivery/build-archive.ts";
import { standardOutputForImage } from "../delivery/standard-output.ts";
import type { ConnectionFlags, ImageFlags, WorkFlags } from "../flags.ts";

export interface StreamFlags extends ImageFlags, WorkFlags, ConnectionFlags {}

export async function stream(
  this: VarveContext,
  flags: StreamFlags,
  ...sources: string[]
): Promise<void> {
  const fd = standardOutputForImage();
  await buildArchive(flags, sources, "none", (write) => write(fd));
}

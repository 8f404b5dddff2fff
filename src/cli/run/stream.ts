import type { StreamFlags } from "../commands/stream.ts";
import type { VarveContext } from "../context.ts";
import { standardOutputForImage } from "../standard-output.ts";
import { buildArchive } from "../build-archive.ts";

export async function stream(
  this: VarveContext,
  flags: StreamFlags,
  ...sources: string[]
): Promise<void> {
  const fd = standardOutputForImage();
  await buildArchive(flags, sources, "none", (write) => write(fd));
}

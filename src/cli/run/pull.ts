import { UsageError } from "../../errors.ts";
import { parsePlatform } from "../../image/platform.ts";
import { parseReference } from "../../image/reference.ts";
import type { Reference } from "../../image/reference.ts";
import { parseLocation } from "../../transports/location.ts";
import type { Location } from "../../transports/location.ts";
import type { VarveContext } from "../context.ts";
import { deliverCopy } from "../delivery/deliver-copy.ts";
import { writeMetadata } from "../delivery/metadata-file.ts";
import { namesAt } from "../delivery/names-at.ts";
import { withPlaces } from "../delivery/places.ts";
import type { ConnectionFlags, EngineFlags, TransferFlags } from "../flags.ts";
import { inSession } from "../session.ts";
import { refuseBoth } from "./copy.ts";

export interface PullFlags extends TransferFlags, ConnectionFlags, EngineFlags {
  readonly output?: string;
  readonly tag?: readonly string[];
  readonly platform?: string;
  readonly all: boolean;
  readonly metadataFile?: string;
  readonly dryRun: boolean;
}

export async function pull(this: VarveContext, flags: PullFlags, from: string): Promise<void> {
  refuseBoth(flags);
  const platform = flags.platform === undefined ? undefined : parsePlatform(flags.platform);
  const source = parseLocation(from);
  const names = flags.tag?.map(parseReference);
  const target = targetOf(flags.output, source, names);
  if (flags.all && target.kind === "docker-daemon") {
    throw new UsageError("an engine takes one platform at a time", {
      hint: "leave out --all, or give -o",
    });
  }
  const { all, dryRun, metadataFile } = flags;
  const wanted = { platform, all, dryRun, compression: "gzip", level: undefined, names } as const;
  const { reference, metadata } = await inSession(
    { ...flags, noCache: false },
    (session) =>
      withPlaces(flags, session, (places) =>
        deliverCopy(source, target, { places, session, ...wanted }),
      ),
    { warmUp: false },
  );
  if (metadataFile !== undefined) await writeMetadata(metadataFile, metadata);
  if (reference !== undefined) this.process.stdout.write(`${reference}\n`);
}

function targetOf(
  output: string | undefined,
  source: Location,
  names: readonly Reference[] | undefined,
): Location {
  if (output === "-") return { kind: "any-archive", file: "-", version: "" };
  if (output !== undefined) {
    const target = parseLocation(output);
    if (target.kind !== "registry") return target;
    if (!output.startsWith("docker://")) {
      return { kind: "any-archive", file: output, version: "" };
    }
    throw new UsageError(`${output} is in a registry, and pulling brings images here`, {
      hint: "varve copy SRC DST copies from registry to registry",
    });
  }
  const name = names ?? namesAt(source, []);
  if (name === undefined || name[0] === undefined) {
    throw new UsageError("nothing says what the image is called in the engine", {
      hint: "give a name: -t NAME:TAG",
    });
  }
  return { kind: "docker-daemon", name: `${name[0].repository}:${name[0].tag}` };
}

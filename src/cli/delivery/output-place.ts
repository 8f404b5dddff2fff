import { UsageError } from "../../errors.ts";
import { COMPRESSIONS } from "../../packing/codec/compression.ts";
import type { Compression } from "../../packing/codec/compression.ts";
import { parseLocation } from "../../transports/location.ts";
import { wholeNumber } from "../flags.ts";

/** Where `varve build` writes to. */
export type OutputPlace =
  | { readonly kind: "archive"; readonly file: string }
  | {
      readonly kind: "oci-layout";
      readonly folder: string;
      readonly version: string;
      /** Whether several images go there, which may have the same tag. */
      readonly isShared?: boolean;
    }
  | { readonly kind: "oci-archive"; readonly file: string; readonly version: string };

/** What of an output can be said in one text, as for `docker buildx build --output`. */
export interface OutputRequest {
  readonly place: OutputPlace;
  readonly compression?: Compression | undefined;
  readonly compressionLevel?: number | undefined;
}

const FORM_HINT =
  "give a file, oci:DIR[:TAG] or oci-archive:FILE[:TAG]; or as for buildx type=oci,dest=FILE";

/**
 * Understands `-o`: a file, `-` for standard output, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`,
 * `docker-archive:FILE`, and buildx' `type=oci,dest=…[,tar=false]` and `type=docker,dest=…`.
 *
 * @throws UsageError
 */
export function parseOutput(text: string): OutputRequest {
  if (text.startsWith("type=")) return parseFields(text);
  if (!/^(?:oci|oci-archive|docker-archive):/.test(text)) {
    return { place: { kind: "archive", file: text } };
  }
  const location = parseLocation(text);
  switch (location.kind) {
    case "oci-layout":
      return { place: location };
    case "oci-archive":
      return { place: { kind: "oci-archive", file: location.file, version: location.version } };
    case "docker-archive":
      if (location.version === "") return { place: { kind: "archive", file: location.file } };
      throw new UsageError(`-o ${text} gives the image a name`, {
        hint: `name it by -t ${location.version}`,
      });
    default:
      throw new UsageError(`varve build does not write to ${text}`, { hint: FORM_HINT });
  }
}

function parseFields(text: string): OutputRequest {
  const fields = new Map(
    text.split(",").map((field): [string, string] => {
      const [key, ...value] = field.split("=");
      return [key!.trim(), value.join("=").trim()];
    }),
  );
  const known = ["type", "dest", "tar", "compression", "compression-level"];
  const unknown = [...fields.keys()].find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new UsageError(`-o does not know ${unknown}=`, {
      hint: unknown === "name" ? "name the image by -t" : `it knows ${known.join(", ")}`,
    });
  }
  const level = fields.get("compression-level");
  return {
    place: placeOf(fields, text),
    compression: compressionOf(fields.get("compression")),
    compressionLevel: level === undefined ? undefined : wholeNumber(1)(level),
  };
}

function placeOf(fields: ReadonlyMap<string, string>, text: string): OutputPlace {
  const dest = fields.get("dest") ?? "-";
  const type = fields.get("type");
  if (type === "docker" && fields.get("tar") !== "false") return { kind: "archive", file: dest };
  if (type !== "oci") {
    throw new UsageError(`varve build does not write ${text}`, { hint: FORM_HINT });
  }
  if (dest === "-" || dest === "") {
    throw new UsageError("-o type=oci needs to know where to: dest=", { hint: FORM_HINT });
  }
  return fields.get("tar") === "false"
    ? { kind: "oci-layout", folder: dest, version: "" }
    : { kind: "oci-archive", file: dest, version: "" };
}

/** buildx calls none `uncompressed`. */
function compressionOf(name: string | undefined): Compression | undefined {
  if (name === undefined) return undefined;
  const own = name === "uncompressed" ? "none" : name;
  const compression = COMPRESSIONS.find((each) => each === own);
  if (compression !== undefined) return compression;
  throw new UsageError(`-o does not know compression=${name}`, {
    hint: `it knows ${COMPRESSIONS.join(", ")}`,
  });
}

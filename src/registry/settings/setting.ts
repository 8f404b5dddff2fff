import * as fs from "node:fs";
import { fileReasonOf, systemCodeOf, VarveError } from "../../errors.ts";

/** Where images of some names are really to be had, from a settings file. */
export interface RegistrySetting {
  /** Names that it is about: `host`, `host/path`, `*.example.com`. */
  readonly prefix: string;
  /** What stands in the prefix' place, `host[/path]`; undefined: the name stays as it is. */
  readonly location: string | undefined;
  /** Whether certificates are not checked, and HTTP is taken where there is no TLS. */
  readonly insecure: boolean;
  readonly blocked: boolean;
  /** In the order in which they are asked. */
  readonly mirrors: readonly MirrorSetting[];
  /** `file:line`, for people. */
  readonly from: string;
}

export interface MirrorSetting {
  /** What stands in the prefix' place: `host[/path]`. */
  readonly location: string;
  readonly insecure: boolean;
  readonly plainHttp: boolean;
  /** Which images it is asked for. */
  readonly pull: "all" | "digest-only" | "tag-only";
}

/** The text of a settings file; undefined when there is none that may be read. */
export function settingsText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(systemCodeOf(error) ?? "")) return undefined;
    throw new VarveError("REGISTRY_SETTINGS", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
}

/** A setting that makes no sense, and where it stands. */
export function settingError(file: string, line: number | undefined, why: string): VarveError {
  const place = line === undefined ? file : `${file}:${line}`;
  return new VarveError("REGISTRY_SETTINGS", `${place}: ${why}`, {
    hint: "correct the file; podman or Docker read it, too",
  });
}

import { VarveError } from "../../errors.ts";
import { onlyParagraph, wordsOf } from "./deb822.ts";
import type { Pinned } from "./download-cache.ts";

/** What a Release file says of a suite. */
export interface Release {
  readonly origin: string | undefined;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** When it was made, as written there. */
  readonly date: string | undefined;
  readonly validUntil: string | undefined;
  /** Whether files can be fetched by their digests. */
  readonly isByHash: boolean;
  /** apt's pin for the suite (apt_preferences(5)). */
  readonly priority: number;
  readonly components: readonly string[];
  /** Whether packages for all architectures are in an index of their own (repository format). */
  readonly hasIndexForAll: boolean;
  /** Files of the suite by their paths in it. */
  readonly files: ReadonlyMap<string, Pinned>;
}

/**
 * Reads the text of a Release file.
 *
 * @throws VarveError `DEBIAN_CONTROL`
 */
export function parseRelease(text: string, where: string): Release {
  const fields = onlyParagraph(text, where);
  const isPassive = fields.get("notautomatic") === "yes";
  const upgrades = fields.get("butautomaticupgrades") === "yes";
  return {
    origin: fields.get("origin"),
    suite: fields.get("suite"),
    codename: fields.get("codename"),
    date: fields.get("date"),
    validUntil: fields.get("valid-until"),
    isByHash: fields.get("acquire-by-hash") === "yes",
    priority: isPassive ? (upgrades ? 100 : 1) : 500,
    components: wordsOf(fields.get("components")),
    hasIndexForAll:
      wordsOf(fields.get("architectures")).includes("all") &&
      fields.get("no-support-for-architecture-all") !== "Packages",
    files: filesOf(fields.get("sha256") ?? "", where),
  };
}

function filesOf(value: string, where: string): Map<string, Pinned> {
  const files = new Map<string, Pinned>();
  for (const line of value.split("\n")) {
    if (line.trim() === "") continue;
    const match = /^\s*([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)\s*$/.exec(line);
    if (match === null) {
      throw new VarveError("DEBIAN_CONTROL", `${where}: SHA256 lists "${line.trim()}"`);
    }
    files.set(match[3]!, { sha256: match[1]!, size: Number(match[2]) });
  }
  return files;
}

/**
 * Refuses a Release file of another suite, and one that is no longer valid: a mirror that hands out
 * old ones would keep security updates away.
 *
 * @param now milliseconds since 1970
 * @throws VarveError `RELEASE_EXPIRED`, `RELEASE_OTHER_SUITE`
 */
export function checkRelease(
  release: Release,
  wanted: { readonly suite: string; readonly ignoresValidity: boolean },
  where: string,
  now: number = Date.now(),
): void {
  const { suite, codename, validUntil } = release;
  const names = [suite, codename].filter((name) => name !== undefined);
  const isFlat = wanted.suite.endsWith("/");
  // Debian's security archive calls itself by the suite's name without what follows the slash.
  const [name = ""] = wanted.suite.split("/");
  if (!isFlat && names.length > 0 && !names.includes(wanted.suite) && !names.includes(name)) {
    throw new VarveError(
      "RELEASE_OTHER_SUITE",
      `${where} is the Release file of ${names.join(", ")}, not of ${wanted.suite}`,
      { hint: "write the suite as its Release file does" },
    );
  }
  if (validUntil === undefined || wanted.ignoresValidity) return;
  const end = Date.parse(validUntil);
  if (!(end < now)) return;
  throw new VarveError("RELEASE_EXPIRED", `${where} was valid until ${validUntil}`, {
    hint: "use another mirror; for a snapshot of an archive, allow it: `checkValidUntil: false`, or Check-Valid-Until: no in apt's sources",
  });
}

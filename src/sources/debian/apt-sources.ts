import * as fs from "node:fs";
import path from "node:path";
import { fileReasonOf, VarveError } from "../../errors.ts";
import { paragraphs, wordsOf } from "./deb822.ts";
import type { Paragraph } from "./deb822.ts";

/** A suite of a mirror, and whose signatures it must bear. */
export interface AptSource {
  /** URL of the mirror, ending in `/`. */
  readonly mirror: string;
  /** `bookworm`; ends in `/` for a repository without suites. */
  readonly suite: string;
  readonly components: readonly string[];
  /** Files with OpenPGP keys, or keys themselves in ASCII armor. */
  readonly keyrings: readonly string[];
  /** Unsigned, or signed by anybody: `[trusted=yes]`. */
  readonly isTrusted: boolean;
  /** Whether a Release file is good beyond its Valid-Until. */
  readonly ignoresValidity: boolean;
}

/** What apt trusts for sources that name no keys. */
const TRUSTED = "etc/apt/trusted.gpg.d";
const TRUSTED_FILE = "etc/apt/trusted.gpg";
/** Debian's keys, for mirrors that are given without keys where apt has none. */
const DEBIAN_KEYS = "usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * The sources of binary packages that this machine's apt uses for an architecture
 * (sources.list(5)); what it reaches by other ways than http, https and files is left out.
 *
 * @param root the file system's root
 * @throws VarveError `APT_SOURCES`, naming the file
 */
export function readAptSources(architecture: string, root = "/"): AptSource[] {
  const folder = path.join(root, "etc/apt");
  const files = [path.join(folder, "sources.list"), ...sourceFiles(folder)];
  const entries = files.flatMap((file) => entriesOf(file, readIfAny(file)));
  return entries
    .filter(
      ({ architectures }) => architectures.length === 0 || architectures.includes(architecture),
    )
    .filter(({ mirror }) => /^(?:https?|file):/.test(mirror))
    .map(({ mirror, suite, components, signedBy, isTrusted, ignoresValidity }) => ({
      mirror: mirror.endsWith("/") ? mirror : `${mirror}/`,
      suite: suite.replaceAll("$(ARCH)", architecture),
      components,
      keyrings: signedBy.length > 0 ? signedBy : defaultKeyrings(root),
      isTrusted,
      ignoresValidity,
    }));
}

/** The keyrings that apt trusts for sources that name none; else Debian's own. */
export function defaultKeyrings(root = "/"): string[] {
  const folder = path.join(root, TRUSTED);
  const names = namesIn(folder).filter((name) => /\.(?:gpg|asc)$/.test(name));
  const own = path.join(root, TRUSTED_FILE);
  const found = [
    ...(fs.existsSync(own) && fs.statSync(own).isFile() ? [own] : []),
    ...names.map((name) => path.join(folder, name)),
  ];
  const debian = path.join(root, DEBIAN_KEYS);
  return found.length > 0 || !fs.existsSync(debian) ? found : [debian];
}

interface Entry {
  readonly mirror: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  readonly signedBy: readonly string[];
  readonly isTrusted: boolean;
  readonly ignoresValidity: boolean;
}

function sourceFiles(folder: string): string[] {
  const below = path.join(folder, "sources.list.d");
  const names = namesIn(below).filter((name) => /^[\w.-]+\.(?:list|sources)$/.test(name));
  return names.map((name) => path.join(below, name));
}

function entriesOf(file: string, text: string): Entry[] {
  return file.endsWith(".sources") ? deb822Entries(file, text) : lineEntries(file, text);
}

function deb822Entries(file: string, text: string): Entry[] {
  return [...paragraphs(text, file)]
    .filter((fields) => fields.get("enabled")?.toLowerCase() !== "no")
    .filter((fields) => wordsOf(fields.get("types")).includes("deb"))
    .flatMap((fields) =>
      wordsOf(fields.get("uris")).flatMap((mirror) =>
        wordsOf(fields.get("suites")).map((suite) => ({
          mirror,
          suite,
          components: wordsOf(fields.get("components")),
          architectures: wordsOf(fields.get("architectures")),
          signedBy: signedByField(fields),
          isTrusted: fields.get("trusted") === "yes",
          ignoresValidity: fields.get("check-valid-until") === "no",
        })),
      ),
    );
}

/** Files, or one key in the field itself, whose empty lines are written as dots. */
function signedByField(fields: Paragraph): string[] {
  const value = fields.get("signed-by") ?? "";
  if (value.includes("BEGIN PGP PUBLIC KEY BLOCK")) {
    return [
      value
        .trim()
        .replaceAll(/^ *\.$/gm, "")
        .replaceAll(/^ +/gm, ""),
    ];
  }
  return wordsOf(value).filter((word) => word.startsWith("/"));
}

const LINE =
  /^deb\s+(?:\[(?<options>[^\]]*)\]\s+)?(?<mirror>\S+)\s+(?<suite>\S+)(?<components>.*)$/;

function lineEntries(file: string, text: string): Entry[] {
  return text.split("\n").flatMap((raw, index) => {
    const line = raw.replace(/#.*$/, "").trim();
    if (line === "" || /^(?:deb-src|#)/.test(line)) return [];
    const match = LINE.exec(line)?.groups;
    if (match === undefined) {
      throw new VarveError(
        "APT_SOURCES",
        `${file}, line ${index + 1}: this is no source of apt's`,
        {
          hint: "a line reads: deb [options] URL suite components",
        },
      );
    }
    const options = optionsOf(match["options"] ?? "");
    return {
      mirror: match["mirror"]!,
      suite: match["suite"]!,
      components: wordsOf(match["components"]),
      architectures: options.get("arch")?.split(",") ?? [],
      signedBy: (options.get("signed-by") ?? "").split(",").filter((word) => word.startsWith("/")),
      isTrusted: options.get("trusted") === "yes",
      ignoresValidity: options.get("check-valid-until") === "no",
    };
  });
}

function optionsOf(text: string): Map<string, string> {
  const pairs = wordsOf(text).map((word) => word.split("=", 2));
  return new Map(pairs.map(([key = "", value = ""]) => [key.toLowerCase(), value]));
}

function namesIn(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder).toSorted() : [];
}

function readIfAny(file: string): string {
  if (!fs.existsSync(file)) return "";
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new VarveError("APT_SOURCES", `${file} cannot be read: ${fileReasonOf(error)}`, {
      cause: error,
    });
  }
}

import { UsageError, VarveError } from "../../errors.ts";
import type { Platform } from "../../image/platform.ts";
import type { DebianRecipeContents } from "../../recipe/contents/contents.ts";
import { readAptAccess } from "../../sources/debian/apt-access.ts";
import { chooseSources } from "../../sources/debian/choose-sources.ts";
import { DebianClosure } from "../../sources/debian/closure-of-debian.ts";
import { DownloadCache } from "../../sources/debian/download-cache.ts";
import { MirrorClient } from "../../sources/debian/http.ts";
import { staleness } from "../../sources/debian/lock.ts";
import { lockedRequest } from "../../sources/debian/locked-request.ts";
import { folderLinks } from "../../sources/debian/system-files.ts";
import type { ImageDefaults } from "../image-defaults.ts";
import type { Gathered, GatherOptions } from "./gather-options.ts";

/** OCI's architectures in Debian's words. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: "amd64",
  arm64: "arm64",
  arm: "armhf",
  "386": "i386",
  ppc64le: "ppc64el",
  riscv64: "riscv64",
  s390x: "s390x",
  loong64: "loong64",
};
/** Reaps orphans and passes signals on: a program that is process 1 gets no default actions. */
const INIT = "tini";

/**
 * Debian's packages with what they depend on, pinned in the lock file.
 *
 * @param more packages that other contents need
 */
export async function gatherDebian(
  entries: readonly DebianRecipeContents[],
  more: readonly string[],
  options: GatherOptions,
): Promise<Gathered> {
  const { pins, cacheFolder, isOffline } = options;
  const settings = settingsOf(entries);
  const architecture = architectureFor(options.platform);
  const asked = entries.flatMap(({ debian }) => debian);
  const { recommends, alone, without, users, suite: suites, ...choice } = settings;
  const request = {
    architecture,
    packages: [...asked, ...more],
    recommends,
    alone,
    without,
    users,
  };
  const mirrors = chooseSources(architecture, { ...choice, suites });
  const client = new MirrorClient(readAptAccess());
  const access = { client, cache: new DownloadCache(cacheFolder), isOffline };
  const lock = await pins.pin(
    "debian",
    (pinned) => staleness(pinned, lockedRequest(request)),
    async () => {
      // The solver and what it reads are of no use to whoever has a lock.
      const { lockDebian } = await import("../../sources/debian/make-lock.ts");
      return lockDebian(request, mirrors, access);
    },
  );
  const { documentation } = settings;
  const debian = new DebianClosure(lock, { mirrors, access, documentation });
  return {
    source: {
      closure: debian.closure,
      links: folderLinks(architecture),
      layer: async (planned, _, packer, below) =>
        debian.layer(planned, packer, await below.ofBase()),
    },
    defaults: defaultsOf(lock.packages.map(({ name }) => name)),
    close: () => client.close(),
  };
}

function defaultsOf(packages: readonly string[]): ImageDefaults {
  return {
    entrypoint: packages.includes(INIT) ? ["/usr/bin/tini", "--"] : undefined,
    env: ["SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
    hasUsualPrograms: true,
  };
}

function architectureFor({ architecture }: Platform): string {
  const name = ARCHITECTURES[architecture];
  if (name !== undefined) return name;
  throw new UsageError(`Debian has no architecture for linux/${architecture}`, {
    hint: `platforms: ${Object.keys(ARCHITECTURES)
      .map((known) => `linux/${known}`)
      .join(", ")}`,
  });
}

/** What all entries say beside their packages; they are one installation, so they must agree. */
function settingsOf(entries: readonly DebianRecipeContents[]): DebianRecipeContents {
  const [first, ...others] = entries.map((entry) =>
    JSON.stringify({ ...entry, debian: undefined }),
  );
  if (others.every((other) => other === first)) return entries[0]!;
  throw new VarveError("RECIPE_INVALID", 'the "debian" entries disagree about where from and how', {
    hint: "list all of Debian's packages in one entry",
  });
}

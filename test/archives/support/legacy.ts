import { layerTar, archiveOf, folder, LAYERS } from "./archives.ts";
import type { Member } from "./archives.ts";

/** IDs of layers in the oldest archives are random. */
export const LEGACY_IDS = ["a", "b", "c"].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
];

export const LEGACY_LAYERS: readonly Buffer[] = [...LAYERS.slice(0, 2), layerTar("other")];

/** What such an archive says of a layer; the docker_version decides how engines convert it. */
export function description(id: string, parent: string | undefined, command: string): object {
  return {
    id,
    ...(parent === undefined ? {} : { parent }),
    created: "2015-03-20T19:17:12.520000000Z",
    container: "f".repeat(64),
    container_config: { Hostname: "x", Cmd: ["/bin/sh", "-c", command] },
    docker_version: "1.9.1",
    author: "a <a@b.example>",
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/sh", "-c", "echo <a> & b"], WorkingDir: "/" },
    architecture: "amd64",
    os: "linux",
    Size: 12,
  };
}

/**
 * What `docker save` wrote before 1.10: `app:1` of two layers, `other:2` of another on the same
 * bottom.
 *
 * @param repositories null for an archive of images without names
 */
export function legacyArchive(
  repositories: unknown = { app: { "1": LEGACY_IDS[1] }, other: { "2": LEGACY_IDS[2] } },
  layers: readonly Buffer[] = LEGACY_LAYERS,
): Buffer {
  const [bottom] = LEGACY_IDS;
  const parts = LEGACY_IDS.flatMap((id, index): Member[] => [
    folder(`${id}/`),
    [`${id}/VERSION`, "1.0"],
    [
      `${id}/json`,
      JSON.stringify(description(id, index === 0 ? undefined : bottom, `step ${index} > x`)),
    ],
    [`${id}/layer.tar`, layers[index]!],
  ]);
  const names: Member[] =
    repositories === null ? [] : [["repositories", JSON.stringify(repositories)]];
  return archiveOf(...parts, ...names);
}

/**
 * Options of podman for storage in a folder of the test's own. Layers lie above one another: copies
 * of each would take gigabytes. runc, since crun wants control groups as not every machine has them.
 */
export function podmanStorage(folder: string): string[] {
  return [
    `--root=${folder}/podman`,
    `--runroot=${folder}/run`,
    "--storage-driver=overlay",
    "--runtime=runc",
    "--cgroup-manager=cgroupfs",
  ];
}

/** Options of `podman run` for machines that let nobody have higher limits. */
export const LOW_LIMITS: readonly string[] = [
  "--ulimit=nofile=1024:1024",
  "--ulimit=nproc=4096:4096",
];

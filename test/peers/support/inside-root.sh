#!/bin/sh
# Runs a command with another Debian as its whole file system, in mounts of its own, so that what it
# mounts ends with it. A plain chroot would not do: engines pivot into a container's root themselves.
#
# The Debian folder is not written to: changes land in FOLDER/root-changes, and FOLDER itself is seen
# under its own path.
#
# usage: inside-root.sh ROOT FOLDER COMMAND [ARGUMENT]...
set -eu

if [ "${VARVE_INSIDE_MOUNTS:-}" != 1 ]; then
  VARVE_INSIDE_MOUNTS=1 exec unshare --mount --propagation=private "$0" "$@"
fi
unset VARVE_INSIDE_MOUNTS
root=$1 folder=$2
shift 2

changes=$folder/root-changes/$$
mkdir -p "$changes/upper" "$changes/work" "$changes/root"
mount -t overlay -o "lowerdir=$root,upperdir=$changes/upper,workdir=$changes/work" overlay "$changes/root"
cd "$changes/root"
for system in proc sys dev; do mount --rbind "/$system" "$system"; done
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p "./$folder" run/old-root
mount --bind "$folder" "./$folder"
pivot_root . run/old-root
cd /
umount -l /run/old-root
exec "$@"

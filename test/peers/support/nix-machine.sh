#!/bin/sh
# Runs a Nix of many users in mounts of its own: the machine's store and database below, whatever is added or deleted
# above in FOLDER, a group of build users, and a daemon. When it prints "ready", commands can join it by `nsenter`.
#
# usage: nix-machine.sh FOLDER [SHOWN]
#   FOLDER/nix.conf holds the daemon's settings
#   SHOWN  a folder below /root that everybody may look into, as the only one there
set -eu

if [ "${VARVE_OWN_MOUNTS:-}" != 1 ]; then
  VARVE_OWN_MOUNTS=1 exec unshare --mount --propagation=private "$0" "$@"
fi
unset VARVE_OWN_MOUNTS NIX_CONFIG NIX_REMOTE
folder=$1
export NIX_CONF_DIR="$folder"

mkdir -p "$folder/changes/var/nix/db" "$folder/work"
# A consistent copy: others write to the machine's own.
sqlite3 /nix/var/nix/db/db.sqlite ".backup $folder/changes/var/nix/db/db.sqlite"
cp /nix/var/nix/db/schema "$folder/changes/var/nix/db"
cp /etc/passwd /etc/group "$folder"
members=
for number in 1 2 3 4; do
  echo "nixbld$number:x:$((31000 + number)):31000::/var/empty:/usr/sbin/nologin" >>"$folder/passwd"
  members=$members,nixbld$number
done
echo "nixbld:x:31000:${members#,}" >>"$folder/group"

mount -t overlay -o "lowerdir=/nix,upperdir=$folder/changes,workdir=$folder/work" overlay /nix
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
# As on NixOS; the daemon makes it writable for itself.
mount --bind /nix/store /nix/store
mount -o remount,ro,bind /nix/store

case ${2:-} in
  /root/*)
    mkdir "$folder/shown"
    mount --bind "$2" "$folder/shown"
    mount -t tmpfs -o mode=755 tmpfs /root
    mkdir -p "$2"
    mount --bind "$folder/shown" "$2"
    ;;
esac

nix --extra-experimental-features nix-command daemon >"$folder/daemon.log" 2>&1 &
daemon=$!
trap 'kill $daemon' TERM INT
while ! [ -S /nix/var/nix/daemon-socket/socket ]; do
  kill -0 $daemon
  sleep 0.1
done
echo ready
wait $daemon

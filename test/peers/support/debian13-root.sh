#!/usr/bin/env bash
# Makes a folder that holds Debian 13 with its container engines, for tests with newer engines than
# the machine's own. Takes minutes and 1 GB once; does nothing if the folder is there already.
#
# usage: debian13-root.sh FOLDER
set -euo pipefail

root=${1:?usage: debian13-root.sh FOLDER}
suite=trixie
packages=docker.io,docker-cli,containerd,runc,podman,crun,skopeo,umoci,iptables,busybox-static

[ -e "$root/.complete" ] && exit 0
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "a Debian folder is made by root"
if ! PATH=$PATH:/usr/sbin command -v debootstrap >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap >&2
fi

# The machine's own mirror, whatever it is.
mirror=$(apt-get indextargets --format '$(REPO_URI)' \
  'Created-By: Packages' 'Origin: Debian' 'Label: Debian' 'Component: main' | sort -u | head -n 1)
[ -n "$mirror" ] || fail "apt's settings name no Debian mirror"

mkdir -p "$(dirname -- "$root")"
# Only one makes it, and only a whole one gets the name.
exec 9>"$root.lock"
flock 9
[ -e "$root/.complete" ] && exit 0
rm -rf -- "$root" "$root.partial"
PATH=$PATH:/usr/sbin debootstrap --variant=minbase "$suite" "$root.partial" "$mirror" >&2
cp /etc/resolv.conf "$root.partial/etc/resolv.conf"
# Nothing is started by being installed.
printf '#!/bin/sh\nexit 101\n' >"$root.partial/usr/sbin/policy-rc.d"
chmod +x "$root.partial/usr/sbin/policy-rc.d"
DEBIAN_FRONTEND=noninteractive chroot "$root.partial" \
  apt-get install -y -qq --no-install-recommends ${packages//,/ } >&2
chroot "$root.partial" apt-get clean
touch "$root.partial/.complete"
mv -- "$root.partial" "$root"

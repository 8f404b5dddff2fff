#!/usr/bin/env bash
# Makes a folder with the programs of Debian 13's Nix (nix, nix-build, …), which use this machine's file system and Nix
# store: Debian 13's libraries are loaded by its own loader.
#
# usage: debian13-nix.sh ROOT FOLDER
#   ROOT    made by debian13-root.sh
#   FOLDER  does nothing if it is there already
set -euo pipefail

root=${1:?usage: debian13-nix.sh ROOT FOLDER} folder=${2:?usage: debian13-nix.sh ROOT FOLDER}
here=$(dirname -- "${BASH_SOURCE[0]}")
[ -e "$folder" ] && exit 0

partial=$folder.partial
rm -rf -- "$partial"
mkdir -p "$partial/packages/partial" "$partial/bin"
# Only fetched: the Debian folder stays what it is.
"$here/inside-root.sh" "$root" "$partial" sh -c '
  apt-get update -qq &&
    apt-get install -y -qq --no-install-recommends --download-only -o "Dir::Cache::archives=$0/packages" nix-bin
' "$partial" >&2
for package in "$partial"/packages/*.deb; do dpkg-deb -x "$package" "$partial"; done
rm -rf -- "$partial/packages" "$partial/root-changes"

libraries=usr/lib/$(uname -m)-linux-gnu
loader=$(find -L "$root/lib64" "$root/lib" -maxdepth 1 -name 'ld-linux-*.so.*' | head -n 1)
for program in nix nix-build nix-instantiate nix-store; do
  cat >"$partial/bin/$program" <<SCRIPT
#!/bin/sh
# The build hook would be run by its own path, which is the loader's.
NIX_CONFIG="\${NIX_CONFIG:-}
build-hook =
sandbox-paths ="
export NIX_CONFIG
exec "$loader" --argv0 $program --library-path "$folder/$libraries:$root/$libraries" "$folder/usr/bin/nix" "\$@"
SCRIPT
  chmod +x "$partial/bin/$program"
done
mv -- "$partial" "$folder"

# Shell commands that make, in the current folder, the Nix database of what an image holds. They go before the
# user's extraCommands, which may count on NIX_REMOTE (as with dockerTools).
{
  lib,
  closureInfo,
  nix,
  sqlite,
}:

# contents: list of store paths; their closure is registered.
contents:

''
  echo "Making the Nix database of the image's contents"
  export NIX_REMOTE="local?root=$PWD"
  # Nix wants to know who calls; the build user may have no name.
  export USER=nobody
  # Without 8 MB that Nix keeps free for a full disk; it keeps them anew where they are wanted.
  ${lib.getBin nix}/bin/nix-store --load-db --option gc-reserved-space 0 < ${closureInfo { rootPaths = contents; }}/registration
  # The time of registration would make every build a different image.
  ${lib.getBin sqlite}/bin/sqlite3 nix/var/nix/db/db.sqlite \
    "UPDATE ValidPaths SET registrationTime = $SOURCE_DATE_EPOCH"
  rm -f nix/var/nix/db/reserved
  # What Nix made for the user and the place of this build, it makes anew for those of a container.
  rm -rf nix/var/nix/{profiles,gcroots}/per-user/*
  ln -sfn /nix/var/nix/profiles nix/var/nix/gcroots/profiles

  mkdir -p nix/var/nix/gcroots/docker
  for path in ${lib.concatStringsSep " " (map (path: "${path}") contents)}; do
    ln -s "$path" "nix/var/nix/gcroots/docker/$(basename "$path")"
  done
''

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
  ${nix}/bin/nix-store --load-db < ${closureInfo { rootPaths = contents; }}/registration
  # The time of registration would make every build a different image.
  ${sqlite}/bin/sqlite3 nix/var/nix/db/db.sqlite \
    "UPDATE ValidPaths SET registrationTime = $SOURCE_DATE_EPOCH"
  # Nix has made this link for the place where the database was made.
  ln -sfn /nix/var/nix/profiles nix/var/nix/gcroots/profiles

  mkdir -p nix/var/nix/gcroots/docker
  for path in ${lib.concatStringsSep " " (map (path: "${path}") contents)}; do
    ln -s "$path" "nix/var/nix/gcroots/docker/$(basename "$path")"
  done
''

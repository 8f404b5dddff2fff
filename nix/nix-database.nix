# A store path with /nix/var as an image's Nix wants it: a database that knows the image's store paths, the same bytes
# whoever builds it and whenever.
{
  lib,
  runCommand,
  jq,
  nix,
  sqlite,
}:

{
  baseName,
  # What the image needs …
  closureRoots,
  # … and which of it is in its layers.
  storeLayers,
  layers,
}:

runCommand "${baseName}-nix-database"
  {
    __structuredAttrs = true;
    exportReferencesGraph.graph = map (root: "${root}") closureRoots;
    storeLayersFile = "${storeLayers}";
    layerFiles = map (layer: "${layer}/layers.json") layers;
    nativeBuildInputs = [
      jq
      nix
      sqlite
    ];
  }
  ''
    # Some versions of Nix name the file's place outside of the sandbox.
    attributes=''${NIX_ATTRS_JSON_FILE:-.attrs.json}
    [ -e "$attributes" ] || attributes=.attrs.json
    jq -s 'map(.[].paths) | add // []' "''${layerFiles[@]:-/dev/null}" > layered.json
    # What nix-store --dump-db writes: path, hash, size, deriver, number of references, references.
    jq -r --slurpfile planned "$storeLayersFile" --slurpfile layered layered.json '
      ([$planned[0][][], $layered[0][]] | map({ key: ., value: true }) | from_entries) as $in_image
      | .graph | map(select($in_image[.path])) | sort_by(.path) | .[]
      | (.references | map(select($in_image[.])) | sort) as $references
      | .path, .narHash, .narSize, "", ($references | length), $references[]
    ' "$attributes" > registration

    mkdir -p root/nix/store
    export NIX_REMOTE="local?root=$PWD/root" USER=nobody NIX_CONF_DIR=$PWD
    nix-store --load-db --option gc-reserved-space 0 < registration
    # Neither time nor the order of pages may tell of this build.
    sqlite3 root/nix/var/nix/db/db.sqlite \
      "UPDATE ValidPaths SET registrationTime = 1; PRAGMA journal_mode = DELETE; VACUUM"
    rm -rf root/nix/var/nix/{profiles,gcroots}/per-user/* root/nix/var/nix/db/{reserved,big-lock,db.sqlite-*} \
      root/nix/var/log root/nix/var/nix/temproots/*
    ln -sfn /nix/var/nix/profiles root/nix/var/nix/gcroots/profiles
    mkdir -p "$out"
    cp -R root/. "$out"
  ''

# What `nix flake check` proves of the example's image, read from the archive with tar and jq alone.
{
  pkgs,
  varve,
  docker,
  dockerStream,
}:

let
  inherit (pkgs) lib;

  # Unpacks an archive and names its parts: $image, $config, $layers (bottom first).
  check =
    name: writeArchive: commands:
    pkgs.runCommand name { nativeBuildInputs = [ pkgs.jq ]; } ''
      export XDG_CACHE_HOME=$PWD/cache
      ${writeArchive}
      image=$PWD/image
      mkdir "$image"
      tar -xf archive -C "$image"
      config=$image/$(jq -r '.[0].Config' "$image/manifest.json")
      mapfile -t layers < <(jq -r '.[0].Layers[]' "$image/manifest.json")
      fail() { echo "check ${name}: $*" >&2; exit 1; }
      ${commands}
      touch "$out"
    '';

  built = "cp ${docker} archive";
  streamed = "${dockerStream} > archive";

  ofEveryArchive = ''
    jq -r '.rootfs.diff_ids[]' "$config" > promised
    for layer in "''${layers[@]}"; do
      sha256sum < "$image/$layer" | sed 's/^\([0-9a-f]*\).*/sha256:\1/'
    done > found
    diff promised found || fail "digests of layers are not those in the config"

    echo "$(sha256sum < "$config" | cut -d ' ' -f 1)" > id
    [ "$(basename "$config" .json)" = "$(cat id)" ] || fail "the config is not named after its digest"
  '';
in
{
  inherit varve;

  docker = check "docker" built (
    ofEveryArchive
    + ''
      [ "$(jq -r '.[0].RepoTags[0]' "$image/manifest.json")" = redis-webserver:latest ] || fail "wrong name"
      jq -e '
        .config.User != null and (.config.User | test("^(0|root)(:|$)") | not)
        and .config.ExposedPorts["8000/tcp"] == {}
        and any(.config.Env[]; startswith("SSL_CERT_FILE=/nix/store/"))
      ' "$config" > /dev/null || fail "the config lacks a non-root user, port 8000 or SSL_CERT_FILE"

      top=$image/''${layers[-1]}
      for file in passwd group nsswitch.conf; do
        tar -tvf "$top" "./etc/$file" | grep -q '^-' || fail "/etc/$file is not a regular file"
      done
      tar -xOf "$top" ./etc/passwd | grep -q ':65532:65532:' || fail "the image's user is not in /etc/passwd"

      for layer in "''${layers[@]}"; do
        tar -tf "$image/$layer" | sed -n 's|^/nix/store/\([^/]*\)/\{0,1\}.*|\1|p' | sort -u > paths
        if grep -q -e '-nodejs' paths && grep -q -e '-redis-webserver' paths; then
          fail "Node and the server share a layer: $(cat paths)"
        fi
        cat paths
      done > all-paths
      [ -z "$(sort all-paths | uniq -d)" ] || fail "in two layers: $(sort all-paths | uniq -d)"
    ''
  );

  dockerStream = check "dockerStream" streamed (
    ofEveryArchive
    + ''
      mkdir built
      tar -xf ${docker} -C built
      cmp "$config" "built/$(jq -r '.[0].Config' built/manifest.json)" ||
        fail "the streamed image is not the built one"
    ''
  );

  program = pkgs.runCommand "program" { } ''
    export XDG_CACHE_HOME=$PWD/cache
    ${lib.getExe dockerStream} > by-folder
    ${dockerStream} > by-file
    cmp by-folder by-file
    touch "$out"
  '';
}

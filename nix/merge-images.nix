# dockerTools.mergeImages: a list of docker archives, each plain or compressed, as one, compressed as the last of them
# is. OCI layouts may be among them. Layers that images share are in it once (reference: dockertools-api, section 4).
{
  lib,
  runCommand,
  jq,
  varve,
}:

images:

let
  programs = builtins.filter (image: image.isExe or false) images;
in
lib.throwIf (images == [ ]) "varve: mergeImages needs at least one image"
  lib.throwIf
  (programs != [ ])
  "varve: mergeImages takes archives, but ${(builtins.head programs).name or "one of them"} is a program that writes one; use buildLayeredImage"
  (
    runCommand "merge-docker-images"
      {
        inherit images;
        nativeBuildInputs = [
          jq
          varve
        ];
      }
      ''
        export XDG_CACHE_HOME=$PWD/cache
        places=()
        for image in $images; do
          beginning=
          if [ -d "$image" ]; then
            # Its name goes into the archive.
            image=oci:$image:$(jq -r '.manifests[0] |
              .annotations["io.containerd.image.name"] // .annotations["org.opencontainers.image.ref.name"] // .digest
            ' "$image/index.json")
          else
            beginning=$(head -c 4 "$image" | od -An -v -tx1 | tr -d ' \n')
          fi
          places+=("$image")
        done
        case $beginning in
        1f8b*) compression=gzip ;;
        28b52ffd) compression=zstd ;;
        *) compression=none ;;
        esac
        varve merge "''${places[@]}" --compression $compression -o - > $out
      ''
  )

# dockerTools.mergeImages: a list of docker archives, each plain or compressed, as one, compressed as the last of them
# is. Layers that images share are in it once (reference: dockertools-api, section 4).
{
  lib,
  runCommand,
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
        nativeBuildInputs = [ varve ];
      }
      ''
        export XDG_CACHE_HOME=$PWD/cache
        for image in $images; do
          beginning=$(head -c 4 "$image" | od -An -v -tx1 | tr -d ' \n')
        done
        case $beginning in
        1f8b*) compression=gzip ;;
        28b52ffd) compression=zstd ;;
        *) compression=none ;;
        esac
        varve merge $images --compression $compression -o - > $out
      ''
  )
